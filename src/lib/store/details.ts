import type { Sql } from '../database/sql.ts'
import { firstMonthKept } from './retention.ts'

/**
 * Of the purge before this one: `before` is the cut-off that it used, as text, and `to` the last click that was settled
 * then. No click up to `to` from before `before` has details. `settled` is the last click that is settled now.
 */
export type DetailsMark = { before: string; to: string; settled: string }

/** What a purge that began at `now`, in milliseconds since 1970, removes by a setting in days. */
export type DetailsRange = { mark: DetailsMark; now: number; days: number }

export const readDetailsMark = (sql: Sql) => sql<DetailsMark[]>`
  select details_removed_before::text as before, details_removed_to::text as to,
    (select click_id from promo_settlement)::text as settled
  from promo_retention
`

const cutOff = (sql: Sql, { now, days }: DetailsRange) =>
  sql`(to_timestamp(${now / 1000}) - ${days} * interval '24 hours')`

/** As text, since the driver would take it for a date, which has no infinity and no microseconds. */
const before = (sql: Sql, { mark }: DetailsRange) => sql`${mark.before}::text::timestamptz`

/** A click's neighbours and send can be found only while it has its details. */
const isSettledWithDetails = (sql: Sql, { mark }: DetailsRange) =>
  sql`(user_agent is not null or ip_hash is not null) and id <= ${mark.settled}::text::bigint`

/** Clicks of the time since the purge before this one. */
const isNewlyOld = (sql: Sql, range: DetailsRange) => sql`
  clicked_at >= ${before(sql, range)} and clicked_at < ${cutOff(sql, range)} and ${isSettledWithDetails(sql, range)}
`

/** Older ones that were recorded or settled after the purge before this one. */
const isLate = (sql: Sql, range: DetailsRange) => sql`
  id > ${range.mark.to}::text::bigint and clicked_at < least(${before(sql, range)}, ${cutOff(sql, range)})
    and ${isSettledWithDetails(sql, range)}
`

/**
 * Removes user agent and hashes from settled clicks older than `days` days; the clicks stay. Those that were looked at
 * before are not read: the values are in the statement, so that the planner sees how few are left.
 */
export const removeDetails = (sql: Sql, range: DetailsRange) => sql`
  update promo_click_tracking set user_agent = null, ip_hash = null, address_hash = null
  where ${isNewlyOld(sql, range)}
`

export const removeLateDetails = (sql: Sql, range: DetailsRange) => sql`
  update promo_click_tracking set user_agent = null, ip_hash = null, address_hash = null
  where ${isLate(sql, range)}
`

/**
 * Moves the mark to what was removed now, back as well where `days` has become longer: what has been settled meanwhile
 * has its details from there on.
 */
export const moveDetailsMark = (sql: Sql, range: DetailsRange) => sql`
  update promo_retention
  set details_removed_before = ${cutOff(sql, range)}, details_removed_to = ${range.mark.settled}::text::bigint
`

/** How many clicks the two would change, except those older than `months` months. */
export const countDetails = (sql: Sql, range: DetailsRange, months: number) => sql<{ clicks: number }[]>`
  select count(*)::integer as clicks from promo_click_tracking
  where ${isNewlyOld(sql, range)} and ${isKept(sql, range, months)}
  union all
  select count(*)::integer from promo_click_tracking where ${isLate(sql, range)} and ${isKept(sql, range, months)}
`

const isKept = (sql: Sql, { now }: DetailsRange, months: number) =>
  sql`clicked_at >= ${firstMonthKept(sql, now, months)} at time zone 'UTC'`
