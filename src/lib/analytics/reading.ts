import type { Clock } from '../clock.ts'
import type { Database } from '../store/database.ts'
import { createTurns } from '../turns.ts'
import { createJudge } from './judge-evidence.ts'
import { type Counting, parseQuery, type ReportQuery } from './query.ts'
import { readReport } from './read-report.ts'
import { createRemember } from './remember.ts'

/** Reports, as the API and the pages read them. */
export function openReading({ database, now }: { database: Database; now: Clock }) {
  const turn = createTurns()
  const judge = createJudge(now, turn)
  return {
    parseReportQuery: (parameters: URLSearchParams, defaults?: { counting: Counting }) =>
      parseQuery(parameters, now(), defaults),
    readReport: (query: ReportQuery) => readReport({ database, judge, turn }, query),
    remember: createRemember(now),
    turn,
  }
}
