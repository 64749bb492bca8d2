import type { Sql } from '../database/sql.ts'
import { addToCounters, addToRollups } from './add-sums.ts'

export const clicksByVerdict = [
  'human_clicks',
  'machine_clicks',
  'duplicate_clicks',
  'uncertain_clicks',
] as const

/** Adds new clicks, a common table expression `sums` of `clicks` and those by verdict, to rollups and counters. */
export const addClicks = (sql: Sql) => sql`
  ${addToRollups(sql, ['clicks', ...clicksByVerdict])}, ${addToCounters(sql, 'clicks')}
`
