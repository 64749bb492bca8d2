import type { Sql } from './database.ts'

/** A salt outlives its month by a day, for clicks that were on their way. */
export const deleteOldSalts = (sql: Sql, now: number) => sql<{ month: string }[]>`
  delete from promo_hash_salts
  where month + interval '1 month 1 day' <= to_timestamp(${now / 1000}) at time zone 'UTC'
  returning month::text
`

/** Who was counted as unique can be forgotten with the salt: no later hash will match. */
export const deleteOldVisitors = (sql: Sql, now: number) => sql<{ visitors: number }[]>`
  with deleted as (
    delete from promo_click_visitors
    where salt_month + interval '1 month 1 day' <= to_timestamp(${now / 1000}) at time zone 'UTC'
    returning 1
  )
  select count(*)::integer as visitors from deleted
`

/** Removes user agent and visitor hash from clicks older than `days`; the clicks stay. */
export const removeDetails = (sql: Sql, now: number, days: number) => sql<{ clicks: number }[]>`
  with stripped as (
    update promo_click_tracking
    set user_agent = null, ip_hash = null
    where clicked_at < to_timestamp(${now / 1000}) - ${days} * interval '1 day'
      and (user_agent is not null or ip_hash is not null)
    returning 1
  )
  select count(*)::integer as clicks from stripped
`

export const countDetails = (sql: Sql, now: number, days: number) => sql<{ clicks: number }[]>`
  select count(*)::integer as clicks
  from promo_click_tracking
  where clicked_at < to_timestamp(${now / 1000}) - ${days} * interval '1 day'
    and (user_agent is not null or ip_hash is not null)
`

/** Partitions of months that ended more than `months` months ago. */
export const oldClickPartitions = (sql: Sql, now: number, months: number) => sql<{ name: string }[]>`
  select child.relname as name
  from pg_inherits
  join pg_class child on child.oid = pg_inherits.inhrelid
  where pg_inherits.inhparent = 'promo_click_tracking'::regclass
    and child.relname ~ '^promo_click_tracking_\d{4}_\d{2}$'
    and to_date(right(child.relname, 7), 'YYYY_MM') + interval '1 month'
      <= date_trunc('month', to_timestamp(${now / 1000}) at time zone 'UTC') - ${months} * interval '1 month'
  order by name
`

export const dropClickPartition = (sql: Sql, name: string) => sql`drop table if exists ${sql(name)}`

/** Retries come within minutes; a key is kept for `days` days. */
export const deleteOldEventKeys = (sql: Sql, now: number, days: number) => sql<{ keys: number }[]>`
  with deleted as (
    delete from promo_event_keys
    where recorded_at < to_timestamp(${now / 1000}) - ${days} * interval '1 day'
    returning 1
  )
  select count(*)::integer as keys from deleted
`
