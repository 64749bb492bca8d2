import { LRUCache } from 'lru-cache'
import type { Assessment } from '../model/assessment.ts'
import { assess } from '../stats/assess.ts'
import { readEvidence, type Sent } from './read-evidence.ts'

/** All sends so far, oldest first, and what they say. */
export type JudgedEvidence = { sends: readonly Sent[]; assessment: Assessment }

/** Judging depends on the age of sends, in days: minutes make no difference that anyone could see. */
const sameFor = 10 * 60_000

/**
 * Reads and judges evidence, see `ReportRow`, for one newsletter or all, and answers at once where it has
 * judged the same lately. Each of the two takes milliseconds, so whatever else waits has its `turn` in between.
 */
export function createJudge(
  now: () => number,
  turn: () => Promise<void>,
): (evidence: string, newsletter?: string) => Promise<JudgedEvidence> {
  const judged = new LRUCache<string, JudgedEvidence>({ max: 4 })
  return async (evidence, newsletter) => {
    const moment = Math.floor(now() / sameFor) * sameFor
    const key = `${moment} ${JSON.stringify(newsletter)} ${evidence}`
    const known = judged.get(key)
    if (known) return known
    const { sends, variations } = readEvidence(evidence)
    await turn()
    const assessment = assess(
      { sends: sends.map(({ evidence }) => evidence), variations },
      moment,
      newsletter,
    )
    const made = { sends, assessment }
    judged.set(key, made)
    await turn()
    return made
  }
}
