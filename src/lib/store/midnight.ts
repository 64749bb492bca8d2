import type { Fragment, Sql } from '../database/sql.ts'

/**
 * When a local day, given as a date or a timestamp, begins in a time zone. If clocks go back from one to midnight
 * (Havana, the Azores), midnight occurs twice: PostgreSQL picks the second one, but the day begins with the first.
 */
export const midnightIn =
  (sql: Sql, tz: string) =>
  (day: Fragment): Fragment => {
    if (tz === 'UTC') return sql`((${day})::timestamp at time zone 'UTC')`
    const named = sql`((${day})::timestamp at time zone ${tz})`
    return sql`(
      ${named} - case when (${named} - interval '1 hour') at time zone ${tz} >= (${day})::timestamp
        then interval '1 hour'
        else interval '0' end
    )`
  }
