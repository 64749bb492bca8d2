import { arrayLiteral } from '../database/array-literal.ts'
import type { Sql } from '../database/sql.ts'
import type { Earnings } from '../model/earnings.ts'
import { delayMarks } from '../stats/conversion-delays.ts'

/** About this many bytes of conversions are sampled to estimate delays, however many there are. */
const sampled = 1_048_576

const marks = arrayLiteral(delayMarks, (mark) => mark)

/** Conversions of reported sends by currency: without self-tests, and without those whose send is unknown. */
const sold = (sql: Sql) => sql`
  select m.*, i.newsletter_send_id, i.variation_id
  from promo_send_conversions m
  join promo_impression_tracking i on i.id = m.impression_id
  join promo_offers o on o.id = i.offer_id
  where o.offer_type <> 'self_test' and i.newsletter_send_id is not null
`

/** Currencies in which sends have earned something, the one with most conversions first. */
export const listEarnedCurrencies = (sql: Sql) => sql<{ currency: string }[]>`
  select currency
  from (${sold(sql)}) sold
  group by currency
  having sum(revenue) > 0
  order by sum(conversions) desc, currency
`

/**
 * What conversions of sends have earned in one currency: the named one, else the one with most conversions. Also the
 * delays of conversions of the last half year's sends, from a random sample of table pages that is always the same.
 * `now` is in milliseconds since 1970.
 */
export const readEarnings = (sql: Sql, currency: string | undefined, now: number) => sql<Earnings[]>`
  with sold as materialized (${sold(sql)}), counting as materialized (
    select currency
    from sold
    where currency = coalesce(${currency ?? null}, currency)
    group by currency
    having sum(revenue) > 0
    order by sum(conversions) desc, currency
    limit 1
  ), sends as (
    select newsletter_send_id, variation_id,
      sum(conversions)::double precision as conversions,
      sum(pending)::double precision as pending,
      sum(rejected)::double precision as rejected,
      coalesce(sum(conversions) filter (where counts), 0)::double precision as priced,
      coalesce(sum(pending) filter (where counts), 0)::double precision as pending_priced,
      coalesce(sum(revenue) filter (where counts), 0)::double precision as revenue,
      coalesce(sum(pending_revenue) filter (where counts), 0)::double precision as pending_revenue,
      coalesce(sum(squares) filter (where counts), 0)::double precision as squares
    from (select sold.*, sold.currency = counting.currency as counts from sold cross join counting) marked
    group by newsletter_send_id, variation_id
  ), delays as (
    select width_bucket((extract(epoch from c.recorded_at - i.tracked_at) / 86400)::double precision,
      ${marks}::double precision[]) as known,
      width_bucket(
        (extract(epoch from to_timestamp(${now}::double precision / 1000) - i.tracked_at) / 86400)::double precision,
        ${marks}::double precision[]) as past,
      count(*)::integer as conversions
    from promo_conversions c tablesample system (
      (select least(100, 100.0 * ${sampled} / greatest(1, pg_relation_size('promo_conversions'))))
    ) repeatable (0)
    join promo_impression_tracking i on i.id = c.impression_id
    where c.counted_on is not null
      and i.tracked_at > to_timestamp(${now}::double precision / 1000) - interval '180 days'
    group by 1, 2
  )
  select
    (select currency from counting) as currency,
    (select coalesce(json_agg(s), '[]') from sends s) as sends,
    (select coalesce(json_agg(d), '[]') from delays d) as delays
`
