import { LRUCache } from 'lru-cache'
import type { Assessment } from '../model/assessment.ts'
import type { UsualSend } from '../model/usual-send.ts'
import { assess } from '../stats/assess.ts'
import { readEvidence, type Sent } from './read-evidence.ts'
import { usualSendOf } from './usual-send.ts'

/** All sends so far, oldest first, with their assessment, and what is usual for the newsletter asked for. */
export type JudgedEvidence = {
  sends: readonly Sent[]
  assessment: Assessment
  usual_send: UsualSend | undefined
}

/** The assessment depends on the age of sends in days: minutes make no visible difference. */
const sameFor = 10 * 60_000

/**
 * Reads and assesses evidence, see `ReportPart`, for one newsletter or all; a recent result for the same evidence is
 * reused. Both steps take milliseconds, so other work gets its `turn` in between.
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
    const all = sends.map((send) => send.evidence)
    const own = all.filter((send) => send.newsletter === (newsletter ?? send.newsletter))
    const made = {
      sends,
      assessment: assess({ sends: all, variations }, moment, newsletter),
      usual_send: usualSendOf(own, moment),
    }
    judged.set(key, made)
    await turn()
    return made
  }
}
