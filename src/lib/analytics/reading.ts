import type { Clock } from '../clock.ts'
import type { Database } from '../store/database.ts'
import { createTurns } from '../turns.ts'
import { createGiveWay } from './give-way.ts'
import { createJudge } from './judge-evidence.ts'
import { type Counting, parseQuery, type ReportQuery } from './query.ts'
import { readReport } from './read-report.ts'
import { createRemember, type Remember } from './remember.ts'

type ReadingParts = {
  database: Database
  /** Redirects so far. */
  visits: () => number
  now: Clock
}

/** Reports, as the API and the pages read them. */
export function openReading({ database, visits, now }: ReadingParts) {
  const turn = createTurns()
  const judge = createJudge(now, turn)
  const remembered = createRemember(now)
  const giveWay = createGiveWay(visits, () => performance.now())
  const remember: Remember = (asked, make) => giveWay(() => remembered(asked, make))
  return {
    parseReportQuery: (parameters: URLSearchParams, defaults?: { counting: Counting }) =>
      parseQuery(parameters, now(), defaults),
    readReport: (query: ReportQuery) => readReport({ database, judge, turn }, query),
    remember,
    turn,
  }
}
