import type { Fragment, Sql } from '../database/sql.ts'
import { isOfEverything, type ReportQuery } from '../model/report-query.ts'

/**
 * Clicks by weekday and hour in the report's time zone, from the rollup `metrics` by hours. `shown` and `hidden` are
 * conditions on rows `m`, what the report is about and what no report shows; `inRange` is one on their hours. Hourly
 * totals of everything already exist, and what is hidden is subtracted from them.
 */
export const heatmapRows = (
  sql: Sql,
  query: ReportQuery,
  metrics: Fragment,
  shown: Fragment,
  hidden: Fragment,
  inRange: Fragment,
) => {
  const hours = isOfEverything(query)
    ? sql`
        select m.hour, m.clicks, m.human_clicks from promo_hourly_totals m where ${inRange}
        union all
        select m.hour, -m.clicks, -m.human_clicks from promo_performance_metrics m where ${hidden} and ${inRange}
      `
    : sql`select m.hour, m.clicks, m.human_clicks from ${metrics} m where ${shown} and ${inRange}`
  // The local time is computed once per hour: "offset" keeps the planner from inlining it.
  const local =
    query.tz === 'UTC'
      ? sql`select hour as moment, timestamptz '2000-01-03 00:00+00' as monday, clicks, human_clicks from (${hours}) h`
      : sql`
          select hour at time zone ${query.tz} as moment, timestamp '2000-01-03' as monday, clicks, human_clicks
          from (${hours}) h offset 0
        `
  // Time since the last Monday is a plain difference, which is much faster than extracting fields from each row. An
  // hour may occur twice if clocks change by half an hour.
  return sql`
    select place / 24 + 1 as weekday, place % 24 as hour, sum(clicks) as clicks, sum(human_clicks) as human_clicks
    from (
      select floor(date_part('epoch', since_monday) / 3600)::integer as place, clicks, human_clicks
      from (
        select moment - date_bin('7 days', moment, monday) as since_monday, sum(clicks) as clicks,
          sum(human_clicks) as human_clicks
        from (${local}) local
        group by 1
      ) spans
    ) places
    group by place
    having sum(clicks) > 0
    order by place
  `
}
