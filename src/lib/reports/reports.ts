import type { Clock } from '../base/clock.ts'
import type { Database } from '../database/database.ts'
import type { Counting, ReportQuery } from '../model/report-query.ts'
import { createTurns } from '../pace/event-loop-turns.ts'
import { createGiveWay } from '../pace/give-way-to-clicks.ts'
import { createJudge } from './judge-evidence.ts'
import { parseQuery } from './query.ts'
import { readReport } from './read-report.ts'
import { createRemember, type Remember } from './report-cache.ts'

type ReadingParts = {
  database: Database
  /** Redirects so far. */
  visits: () => number
  now: Clock
}

/** Reports, as the API and the pages read them. */
export function createReports({ database, visits, now }: ReadingParts) {
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
