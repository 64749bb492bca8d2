import type { LongSite } from './site.ts'

/** Milliseconds after which a site that waits for its disk answers without it. */
const diskDeadline = 1_000

/** What one site has answered, for the case that the machine is so slow that its disk hangs. */
export type Answers = ReturnType<typeof createAnswers>

export function createAnswers() {
  const answered: { name: string; at: number }[] = []
  let hangsFrom = Number.POSITIVE_INFINITY
  return {
    note(name: string, microseconds: number) {
      const at = performance.now()
      answered.push({ name, at })
      const took = microseconds / 1000
      if (took >= diskDeadline) hangsFrom = Math.min(hangsFrom, at - took + diskDeadline)
    },
    /** What it has answered since its disk hung, by its own log: it may have been only in memory. */
    doubtful({ log }: Pick<LongSite, 'log'>): string[] {
      if (!log.some((line) => line.includes('"fault":"hangs"'))) return []
      return answered.filter(({ at }) => at >= hangsFrom).map(({ name }) => name)
    },
  }
}
