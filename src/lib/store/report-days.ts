import type { Fragment, Sql } from '../database/sql.ts'
import { sparklinePoints } from '../model/report-query.ts'
import type { ReportScope } from './report-scope.ts'
import { reportSums } from './report-sums.ts'

const numberOf = (sql: Sql, day: Fragment) => sql`(${day} - date '1970-01-01')`

/** Rows of numbers as JSON: building arrays takes the server half the time of building objects. */
const numbers = (sql: Sql, columns: Fragment, rows: Fragment) =>
  sql`(select to_json(coalesce(array_agg(array[${columns}]), '{}')) from (${rows}) r)`

/** All sums by day, the newest first. */
export const timelineColumn = (sql: Sql, { query }: ReportScope) =>
  query.include.has('timeline')
    ? numbers(
        sql,
        sql`
          day, impressions, clicks, human_clicks, machine_clicks, duplicate_clicks, uncertain_clicks, unique_clicks
        `,
        sql`
          select ${numberOf(sql, sql`day`)} as day, ${reportSums(sql)}
          from by_day group by by_day.day order by by_day.day desc
        `,
      )
    : sql`'[]'::json`

/** The sums of each text by spans of days, no more than a sparkline can show. */
export const sparklinesColumn = (sql: Sql, { query, last }: ReportScope) =>
  query.include.has('sparklines')
    ? numbers(
        sql,
        sql`day, variation_id, impressions, clicks, human_clicks`,
        sql`
          select ${numberOf(sql, sql`s.first_day + (b.day - s.first_day) / s.step * s.step`)} as day, b.variation_id,
            sum(b.impressions)::bigint as impressions, sum(b.clicks)::bigint as clicks,
            sum(b.human_clicks)::bigint as human_clicks
          from by_day b, (
            select first_day, greatest(
                1, (${last} - first_day + ${sparklinePoints}::integer) / ${sparklinePoints}::integer
              ) as step
            from span
          ) s
          group by 1, 2 order by 2, 1
        `,
      )
    : sql`'[]'::json`
