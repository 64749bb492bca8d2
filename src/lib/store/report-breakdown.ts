import type { Fragment, Sql } from '../database/sql.ts'
import { isOfEverything, type ReportQuery } from '../model/report-query.ts'

/** How many values of a dimension are listed; the rest is "(other)". */
const namedValues = 50

/**
 * Settled clicks in a report's range by dimension and value: whole UTC months from the monthly table, the days before
 * and after from the daily one. `shown` is a condition on rows `b`: what the report is about. Monthly totals of
 * everything already exist, and what is `hidden` is subtracted from them. Referrers are those of people, also in rows
 * of earlier versions.
 */
export const breakdownRows = (sql: Sql, query: ReportQuery, shown: Fragment, hidden: Fragment) => {
  const { start, end } = query
  const last = sql`${end}::date`
  const first = sql`${start ?? null}::date`
  // The first days of the months that bound the whole months in the range; without any, the end may be before the
  // start.
  const monthsStart = sql`(date_trunc('month', (${first} - 1)::timestamp) + interval '1 month')::date`
  const monthsEnd = sql`date_trunc('month', (${last} + 1)::timestamp)::date`
  const wholeMonths = sql`
    b.month < ${monthsEnd} ${start === undefined ? sql`` : sql`and b.month >= ${monthsStart}`}
  `
  const shownValues = sql`(b.dimension <> 'referrer' or b.human_clicks > 0)`
  const columns = sql`
    b.dimension, b.value, case when b.dimension = 'referrer' then b.human_clicks else b.clicks end as clicks,
    b.human_clicks,
    case when b.dimension = 'referrer' then 0 else b.machine_clicks end as machine_clicks
  `
  const months = isOfEverything(query)
    ? sql`
        select ${columns} from promo_monthly_totals b where ${shownValues} and ${wholeMonths}
        union all
        select dimension, value, -clicks, -human_clicks, -machine_clicks
        from (select ${columns} from promo_monthly_breakdown b where ${hidden} and ${shownValues} and ${wholeMonths}) b
      `
    : sql`
        select ${columns} from promo_monthly_breakdown b where ${shown} and ${shownValues} and ${wholeMonths}
      `
  return sql`
    select dimension, case when place <= ${namedValues} then value else '(other)' end as value,
      sum(clicks) as clicks, sum(human_clicks) as human_clicks, sum(machine_clicks) as machine_clicks
    from (
      select counted.dimension, counted.value, sum(counted.clicks) as clicks, sum(counted.human_clicks) as human_clicks,
        sum(counted.machine_clicks) as machine_clicks,
        row_number() over (partition by counted.dimension order by sum(counted.clicks) desc, counted.value) as place
      from (
        ${months}
        union all
        select ${columns} from promo_click_breakdown b
        where ${shown} and ${shownValues} and b.day <= ${last}
          ${
            start === undefined
              ? sql`and b.day >= ${monthsEnd}`
              : sql`and b.day >= ${first} and (b.day < ${monthsStart} or b.day >= ${monthsEnd})`
          }
      ) counted
      group by 1, 2
      having sum(counted.clicks) > 0
    ) b
    group by 1, 2
    order by 1, 3 desc, 2
  `
}
