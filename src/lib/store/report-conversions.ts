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

export type SendConversions = [
  newsletter_send_id: string,
  variation_id: number,
  newsletter: string,
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
 * Conversions of a report as JSON: sums of everything, by newsletter, offer and text, of those without a text, and of
 * sends in the range; null as long as there has never been one. Days are UTC days. `of` is a condition: what the report
 * is about.
 */
export const conversionsColumn = (sql: Sql, query: ReportQuery, of: Fragment): Fragment => {
  if (!query.include.has('conversions')) return sql`null`
  const { start, end, newsletter, offer_id, variation_id } = query
  const ofList = (table: Fragment) =>
    newsletter === undefined ? sql`` : sql`and ${table}.newsletter = ${newsletter}`
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
  const since = start === undefined ? sql`` : sql`and tracked_at >= ${start}::date - 1`
  const days = sql`tracked_at < ${end}::date + 2 ${since}`
  return sql`(
    select case when exists (select from promo_conversion_metrics) then json_build_object(
      'sums', (
        -- Summed once for all levels: there are many days, but few texts and currencies.
        with of_texts as materialized (
          select m.offer_id, m.variation_id, m.newsletter, m.currency, ${added}
          from (${sumsInRange(sql, query)}) m
          where true ${ofList(sql`m`)}
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
        select coalesce(json_agg(r), '[]')
        from (select of, offer_id, variation_id, newsletter, currency, ${figures} from levels) r
      ),
      'sends', (
        -- Building arrays takes the server half the time of building objects.
        select coalesce(json_agg(json_build_array(
          s.newsletter_send_id, s.variation_id, s.newsletter, m.currency, m.conversions, m.pending, m.rejected,
          trim_scale(m.revenue)::text, trim_scale(m.pending_revenue)::text
        )), '[]')
        from promo_send_conversions m
        join promo_impression_tracking s on s.id = m.impression_id
        where ${query.include.has('sends')} and m.conversions + m.rejected > 0 and ${days}
      )
    ) end
  )`
}
