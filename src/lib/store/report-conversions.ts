import type { Fragment, Sql } from '../database/sql.ts'
import type { ReportQuery } from '../model/report-query.ts'

/** Conversions of one thing in one currency; amounts are exact, `squares` is the sum of the squared ones. */
export type ConversionSums = {
  of: 'all' | 'newsletter' | 'offer' | 'text' | 'unattributed'
  offer_id: number | null
  variation_id: number | null
  newsletter: string | null
  currency: string
  conversions: number
  pending: number
  rejected: number
  revenue: string
  pending_revenue: string
  squares: number
}

/** Those of a send, by the id of its impression, in one currency. */
export type SendConversions = [
  impression_id: number,
  currency: string,
  conversions: number,
  pending: number,
  rejected: number,
  revenue: string,
  pending_revenue: string,
]

/** The sums of whole months in the range, and of the remaining days. */
function sumsInRange(sql: Sql, { start, end }: Pick<ReportQuery, 'start' | 'end'>): Fragment {
  const columns = sql.unsafe(
    'offer_id, variation_id, newsletter, currency, conversions, pending, rejected, revenue, pending_revenue, squares',
  )
  const monthOf = (day: Fragment) => sql`date_trunc('month', ${day})::date`
  const first =
    start === undefined
      ? sql`'-infinity'::date`
      : monthOf(sql`${start}::timestamp + interval '1 month - 1 day'`)
  const last = monthOf(sql`${end}::timestamp`)
  const since = start === undefined ? sql`` : sql`and day >= ${start}::date`
  return sql`
    select ${columns} from promo_monthly_conversions where month >= ${first} and month < ${last}
    union all
    select ${columns} from promo_conversion_metrics
    where day <= ${end}::date ${since} and (day < ${first} or day >= ${last})
  `
}

/**
 * Conversions of a report as JSON: sums of everything, by newsletter, offer and text, and of those without a text; null
 * as long as there has never been one. Days are UTC days. `of` is a condition: what the report is about.
 */
export const conversionsColumn = (sql: Sql, query: ReportQuery, of: Fragment): Fragment => {
  if (!query.include.has('conversions')) return sql`null`
  const { newsletter, offer_id, variation_id } = query
  const ofList = newsletter === undefined ? sql`` : sql`and m.newsletter = ${newsletter}`
  const columns = ['conversions', 'pending', 'rejected', 'revenue', 'pending_revenue', 'squares']
  // Counts are exact as double precision, and fast; amounts of money are not exact, and converting them is slow.
  const sumOf = (column: string) =>
    /revenue|squares/.test(column) ? `sum(${column})` : `sum(${column}::double precision)`
  const added = sql.unsafe(columns.map((column) => `${sumOf(column)} as ${column}`).join(', '))
  const figures = sql`
    conversions::integer, pending::integer, rejected::integer, trim_scale(revenue)::text as revenue,
    trim_scale(pending_revenue)::text as pending_revenue, squares::double precision
  `
  const isOfAll = offer_id === undefined && variation_id === undefined
  return sql`(
    -- Summed once for all levels: there are many days, but few texts and currencies.
    with of_texts as materialized (
      select m.offer_id, m.variation_id, m.newsletter, m.currency, ${added}
      from (${sumsInRange(sql, query)}) m
      where true ${ofList}
        and (m.variation_id is not null and ${of} ${isOfAll ? sql`or m.variation_id is null` : sql``})
      group by 1, 2, 3, 4
      having sum(conversions::double precision) + sum(rejected::double precision) > 0
    ), levels as (
      select
        case when grouping(variation_id) = 0 then 'text' when grouping(offer_id) = 0 then 'offer'
          when grouping(newsletter) = 0 then 'newsletter' else 'all' end as of,
        offer_id, variation_id, newsletter, currency, ${added}
      from of_texts
      where variation_id is not null
      group by grouping sets (
        (offer_id, variation_id, currency), (offer_id, currency), (newsletter, currency), (currency)
      )
      union all
      select 'unattributed', null, null, null, currency, ${added}
      from of_texts
      where variation_id is null
      group by currency
    )
    select case when exists (select from promo_conversion_metrics) then coalesce(json_agg(r), '[]') end
    from (select of, offer_id, variation_id, newsletter, currency, ${figures} from levels) r
  )`
}

/**
 * Conversions of sends as JSON, `SendConversions[]`, if the report asks for both. `of` is a condition on sends `m`;
 * some from before and after the range may be among them.
 */
export const sendConversionsColumn = (sql: Sql, query: ReportQuery, of: Fragment): Fragment => {
  const { include, conversions_of, start, end } = query
  const isWanted =
    include.has('conversions') && include.has('sends') && conversions_of?.includes('send') !== false
  if (!isWanted) return sql`'[]'::json`
  const since = start === undefined ? sql`` : sql`and m.tracked_at >= ${start}::date - 1`
  // Writing JSON as text takes the server half the time of building it; none of these values needs escaping.
  return sql`(
    select ('[' || coalesce(string_agg(format(
      '[%s,"%s",%s,%s,%s,"%s","%s"]',
      impression_id, currency, conversions, pending, rejected, trim_scale(revenue), trim_scale(pending_revenue)
    ), ','), '') || ']')::json
    from promo_send_conversions
    where conversions + rejected > 0 and impression_id in (
      select m.id from promo_impression_tracking m where ${of} and m.tracked_at < ${end}::date + 2 ${since}
    )
  )`
}
