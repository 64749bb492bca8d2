import type { Fragment, Sql } from '../database/sql.ts'

const isOldSalt = (sql: Sql, now: number) =>
  sql`month + interval '1 month 1 day' <= to_timestamp(${now / 1000}) at time zone 'UTC'`

/** A salt is kept for a day after its month, for clicks that were on their way. */
export const deleteOldSalts = (sql: Sql, now: number) => sql<{ month: string }[]>`
  delete from promo_hash_salts
  where ${isOldSalt(sql, now)}
  returning month::text
`

const isSettled = (sql: Sql) => sql`id <= (select click_id from promo_settlement)`

/** The month whose visitors are kept: a timestamp without time zone, in UTC. */
const clickersKeptSince = (sql: Sql, now: number) =>
  sql`date_trunc('month', to_timestamp(${now / 1000}) at time zone 'UTC' - interval '1 day')`

const isOldClicker = (sql: Sql, now: number) =>
  sql`first_clicked_at < ${clickersKeptSince(sql, now)} at time zone 'UTC'`

/**
 * Forgets the visitors of a month with its salt, and none earlier: one who comes again within the month would count as
 * another one.
 */
export const deleteOldClickers = (sql: Sql, now: number) => sql`
  with visits as (
    delete from promo_visits where month < (${clickersKeptSince(sql, now)})::date
  ), crowds as (
    delete from promo_crowds where month < (${clickersKeptSince(sql, now)})::date
  ), crowd_visits as (
    delete from promo_crowd_visits where month < (${clickersKeptSince(sql, now)})::date
  )
  delete from promo_clickers
  where ${isOldClicker(sql, now)}
`

/** The last click that is settled, as text. */
export const readSettled = (sql: Sql) => sql<{ settled: string }[]>`
  select click_id::text as settled from promo_settlement
`

/**
 * Partitions of months that ended more than `months` months ago, except those with clicks that wait to be settled. The
 * last settled id is a literal in the statement: the planner then sees how few clicks are beyond it.
 */
export const oldClickPartitions = (sql: Sql, now: number, months: number, settled: string) => sql<
  { name: string }[]
>`
  select child.relname as name
  from pg_inherits
  join pg_class child on child.oid = pg_inherits.inhrelid
  where pg_inherits.inhparent = 'promo_click_tracking'::regclass
    and child.relname ~ '^promo_click_tracking_[0-9]{4}_[0-9]{2}$'
    and to_date(right(child.relname, 7), 'YYYY_MM') < ${firstMonthKept(sql, now, months)}
    and not exists (
      select from promo_click_tracking late
      where late.tableoid = child.oid and late.clicked_at < ${firstMonthKept(sql, now, months)} at time zone 'UTC'
        and late.id > ${settled}::text::bigint
    )
  order by name
`

/** Fails with a conflict instead of waiting for long reads, because inserts would queue behind it. */
export const dropClickPartition = (sql: Sql, name: string) =>
  sql.unsafe(`set local lock_timeout = '3s'; drop table if exists "${name.replaceAll('"', '""')}"`)

/** Clicks of such months that arrived before the month had a partition. */
export const deleteOldDefaultClicks = (sql: Sql, now: number, months: number) => sql`
  delete from promo_click_tracking_default
  where ${isOldStray(sql, now, months)}
`

const isOldStray = (sql: Sql, now: number, months: number) =>
  sql`clicked_at < ${firstMonthKept(sql, now, months)} at time zone 'UTC' and ${isSettled(sql)}`

/** Counts of surplus clicks are kept as long as the rows of clicks. */
export const deleteOldSurplus = (sql: Sql, now: number, months: number) => sql`
  delete from promo_surplus_clicks where ${isOldSurplus(sql, now, months)}
`

const isOldSurplus = (sql: Sql, now: number, months: number) =>
  sql`clicked_at < ${firstMonthKept(sql, now, months)} at time zone 'UTC' and settled_clicks = clicks`

/** Decisions are kept as long as the rows of clicks. */
export const deleteOldDecisions = (sql: Sql, now: number, months: number) => sql`
  delete from promo_decisions where ${isOldDecision(sql, now, months)}
`

const isOldDecision = (sql: Sql, now: number, months: number) =>
  sql`decided_at < ${firstMonthKept(sql, now, months)} at time zone 'UTC'`

/** Conversions are kept as long as the rows of clicks; waiting ones are counted first. */
export const deleteOldConversions = (sql: Sql, now: number, months: number) => sql`
  delete from promo_conversions where ${isOldConversion(sql, now, months)}
`

const isOldConversion = (sql: Sql, now: number, months: number) =>
  sql`occurred_at < ${firstMonthKept(sql, now, months)} at time zone 'UTC' and counted_on is not null`

/** The beginning of the oldest month that is kept: a timestamp without time zone, in UTC. */
export const firstMonthKept = (sql: Sql, now: number, months: number) => sql`
  (date_trunc('month', to_timestamp(${now / 1000}) at time zone 'UTC') - ${months} * interval '1 month')
`

/** Retries come within minutes; a key is kept for `days` days. */
export const deleteOldEventKeys = (sql: Sql, now: number, days: number) => sql`
  delete from promo_event_keys
  where ${isOldEventKey(sql, now, days)}
`

const isOldEventKey = (sql: Sql, now: number, days: number) =>
  sql`recorded_at < to_timestamp(${now / 1000}) - ${days} * interval '24 hours'`

/** Tokens that were handed over, once they have expired and no session that began with them is left. */
export const deleteOldTokens = (sql: Sql, now: number) => sql`
  delete from promo_handed_over_tokens where ${isOldToken(sql, now)}
`

const isOldToken = (sql: Sql, now: number) => sql`kept_until < to_timestamp(${now / 1000})`

/** How many rows the statements above would delete, not counting whole partitions. */
export const countOld = (sql: Sql, now: number, kept: { keyDays: number; months: number }) => sql<
  {
    salts: number
    visitors: number
    event_keys: number
    strays: number
    surplus: number
    decisions: number
    conversions: number
    tokens: number
  }[]
>`
  select
    (select count(*)::integer from promo_hash_salts where ${isOldSalt(sql, now)}) as salts,
    (select count(*)::integer from promo_clickers where ${isOldClicker(sql, now)}) as visitors,
    (select count(*)::integer from promo_event_keys where ${isOldEventKey(sql, now, kept.keyDays)}) as event_keys,
    (select count(*)::integer from promo_click_tracking_default where ${isOldStray(sql, now, kept.months)}) as strays,
    (select count(*)::integer from promo_surplus_clicks where ${isOldSurplus(sql, now, kept.months)}) as surplus,
    (select count(*)::integer from promo_decisions where ${isOldDecision(sql, now, kept.months)}) as decisions,
    (select count(*)::integer from promo_conversions where ${isOldConversion(sql, now, kept.months)}) as conversions,
    (select count(*)::integer from promo_handed_over_tokens where ${isOldToken(sql, now)}) as tokens
`

/** The database's time in milliseconds since 1970. */
export const readDatabaseTime = (sql: Sql) => sql<{ at: number }[]>`
  select (extract(epoch from clock_timestamp()) * 1000)::double precision as at
`

/**
 * Stores the time of this look at the clock and returns when the clock was found to have jumped ahead: null if it was
 * not, if the jump is more than `belief` hours ago, or if the clock has been put back since. A look `longest` hours or
 * more after the last one counts as a jump.
 */
export const noteTime = (
  sql: Sql,
  at: number,
  { longest, belief }: { longest: number; belief: number },
) => sql<{ jumped_from: string; jumped_at: string | null; believed_at: string }[]>`
  with clock as (select to_timestamp(${at / 1000}) as now)
  update promo_retention
  set looked_at = clock.now,
    jumped_from = case when looked_at < clock.now - ${longest} * interval '1 hour' then looked_at else jumped_from end,
    jumped_at = case
      when looked_at > clock.now + interval '1 hour' then null
      when looked_at < clock.now - ${longest} * interval '1 hour' then clock.now
      when jumped_at > clock.now - ${belief} * interval '1 hour' then jumped_at
    end
  from clock
  returning ${iso(sql, sql`jumped_from`)} as jumped_from, ${iso(sql, sql`jumped_at`)} as jumped_at,
    ${iso(sql, sql`jumped_at + ${belief} * interval '1 hour'`)} as believed_at
`

const iso = (sql: Sql, time: Fragment) =>
  sql`to_char((${time}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`

/** Trusts the clock again, whatever jump was found. */
export const believeTime = (sql: Sql) => sql`update promo_retention set jumped_at = null`

/** Claims the purge of the UTC day of `now`; no row if it was already claimed, unless for a future day. */
export const claimPurge = (sql: Sql, now: number) => sql<{ purged_at: Date }[]>`
  update promo_retention
  set purged_at = to_timestamp(${now / 1000})
  where (purged_at at time zone 'UTC')::date <> (to_timestamp(${now / 1000}) at time zone 'UTC')::date
  returning purged_at
`

/** Releases a purge that was claimed but could not be finished to the next instance. */
export const reopenPurge = (sql: Sql) => sql`update promo_retention set purged_at = '-infinity'`
