import { LRUCache } from 'lru-cache'
import { assess } from '../stats/assess.ts'
import type { Evidence } from '../store/report-row.ts'
import type { Assessment } from './build-report.ts'

/** Judging depends on the age of sends, in days: minutes make no difference that anyone could see. */
const sameFor = 10 * 60_000

/** Judges an `Evidence` as JSON, and answers at once where it has judged the same lately. */
export function createAssessor(now: () => number): (evidence: string) => Assessment {
  const judged = new LRUCache<string, Assessment>({ max: 4 })
  return (evidence) => {
    const moment = Math.floor(now() / sameFor) * sameFor
    const key = `${moment} ${evidence}`
    const known = judged.get(key)
    if (known) return known
    const read: Evidence = JSON.parse(evidence)
    const assessment = assess(read, moment)
    judged.set(key, assessment)
    return assessment
  }
}
