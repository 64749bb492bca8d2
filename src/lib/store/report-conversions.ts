import type { ReportQuery } from '../analytics/query.ts'
import type { Fragment, Sql } from './database.ts'

/**
 * Conversions of a report as JSON: sums of everything, newsletters, offers and texts, of those without a text, and of sends that
 * went out in the range; null as long as there has never been one. Days are those of UTC. `of` narrows a table down to what the
 * report is about.
 */
export const conversionsColumn = (sql: Sql, query: ReportQuery, of: Fragment): Fragment => {
  if (!query.include.has('conversions')) return sql`null`
  const { start, end, newsletter, offer_id, variation_id } = query
  const inRange = sql`m.day <= ${end}::date ${start === undefined ? sql`` : sql`and m.day >= ${start}::date`}`
  const ofList = (table: Fragment) =>
    newsletter === undefined ? sql`` : sql`and ${table}.newsletter = ${newsletter}`
  const sums = sql`
    sum(m.conversions)::integer as conversions, sum(m.pending)::integer as pending, sum(m.rejected)::integer as rejected,
    trim_scale(sum(m.revenue))::text as revenue, trim_scale(sum(m.pending_revenue))::text as pending_revenue,
    sum(m.squares)::double precision as squares
  `
  const any = sql`having sum(m.conversions) + sum(m.rejected) > 0`
  const isOfAll = offer_id === undefined && variation_id === undefined
  const unattributed = sql`
    union all
    select 'unattributed', null, null, null, m.currency, ${sums}
    from promo_conversion_metrics m
    where m.variation_id is null and ${inRange} ${ofList(sql`m`)}
    group by m.currency ${any}
  `
  return sql`(
    select case when exists (select from promo_conversion_metrics) then json_build_object(
      'sums', (select coalesce(json_agg(r), '[]') from (
        select
          case when grouping(m.variation_id) = 0 then 'text' when grouping(m.offer_id) = 0 then 'offer'
            when grouping(m.newsletter) = 0 then 'newsletter' else 'all' end as of,
          m.offer_id, m.variation_id, m.newsletter, m.currency, ${sums}
        from promo_conversion_metrics m
        where m.variation_id is not null and ${of} and ${inRange} ${ofList(sql`m`)}
        group by grouping sets (
          (m.offer_id, m.variation_id, m.currency), (m.offer_id, m.currency), (m.newsletter, m.currency), (m.currency)
        ) ${any}
        ${isOfAll ? unattributed : sql``}
      ) r),
      'sends', (select coalesce(json_agg(r), '[]') from (
        select s.newsletter_send_id, s.variation_id, s.newsletter, m.currency, m.conversions, m.pending, m.rejected,
          trim_scale(m.revenue)::text as revenue, trim_scale(m.pending_revenue)::text as pending_revenue
        from promo_send_conversions m
        join promo_impression_tracking s on s.id = m.impression_id
        where ${query.include.has('sends')} and m.conversions + m.rejected > 0
      ) r)
    ) end
  )`
}
