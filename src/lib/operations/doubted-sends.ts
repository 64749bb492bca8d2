import { doubtSentence } from '../analytics/doubts.ts'
import type { Doubt } from '../analytics/report.ts'
import type { Log } from './log.ts'

/** Milliseconds since a send for which it is told of. */
const tellFor = 7 * 86_400_000
const mostTold = 5
/** Sends whose line of log is remembered. */
const mostKnown = 1_000

/** Tells of sends that are doubted: once in the log, and in health while they are of the last week. */
export function createDoubtedSends(log: Log, now: () => number) {
  const logged = new Set<string>()
  let doubted: readonly Doubt[] = []
  const recent = (): Doubt[] => doubted.filter(({ sent_at }) => now() - Date.parse(sent_at) < tellFor)
  return {
    /** Takes what the statistics doubt now, newest first. */
    note(doubts: readonly Doubt[]): void {
      doubted = doubts
      for (const doubt of recent()) {
        const key = `${doubt.newsletter_send_id} ${doubt.variation_id}`
        if (logged.has(key)) continue
        if (logged.size >= mostKnown) logged.clear()
        logged.add(key)
        log.warn({ send: doubt.newsletter_send_id, variation: doubt.variation_id }, doubtSentence(doubt))
      }
    },
    hints: (): string[] => recent().slice(0, mostTold).map(doubtSentence),
  }
}

export type DoubtedSends = ReturnType<typeof createDoubtedSends>
