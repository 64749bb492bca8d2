import type { Fragment, Sql } from '../database/sql.ts'
import type { ReportScope } from './report-scope.ts'

// Sums in double precision are exact up to 2^53, like JavaScript's numbers, and need no memory per group and column.
export const reportSums = (sql: Sql) => sql`
  coalesce(sum(impressions::double precision), 0)::bigint as impressions,
  coalesce(sum(clicks::double precision), 0)::bigint as clicks,
  coalesce(sum(human_clicks::double precision), 0)::bigint as human_clicks,
  coalesce(sum(machine_clicks::double precision), 0)::bigint as machine_clicks,
  coalesce(sum(duplicate_clicks::double precision), 0)::bigint as duplicate_clicks,
  coalesce(sum(uncertain_clicks::double precision), 0)::bigint as uncertain_clicks,
  coalesce(sum(unique_clicks::double precision), 0)::bigint as unique_clicks
`

const columns = (sql: Sql) => sql`
  m.offer_id, m.variation_id, m.recipients as impressions, m.clicks, m.human_clicks, m.machine_clicks,
  m.duplicate_clicks, m.uncertain_clicks, m.unique_clicks
`

const ofHours = (sql: Sql, { hours, isWanted }: ReportScope, range: Fragment) => sql`
  select ${columns(sql)} from ${hours} m where ${isWanted('m')} and ${range}
`

const ofDays = (sql: Sql, { days, isWanted }: ReportScope, range: Fragment) => sql`
  select m.day, ${columns(sql)} from ${days} m where ${isWanted('m')} and ${range}
`

/** The first day of the range: an expression `span`. */
export const rangeOfReport = (sql: Sql, scope: ReportScope) => sql`
  span as materialized (
    select ${
      scope.query.start === undefined ? sql`coalesce((${earliest(sql, scope)}), ${scope.last})` : scope.first
    } as first_day
  )
`

const earliest = (sql: Sql, { query: { tz }, hours, days, last, midnight, isWanted }: ReportScope) =>
  tz === 'UTC'
    ? sql`select min(m.day) from ${days} m where ${isWanted('m')} and m.day <= ${last}`
    : sql`
        select (min(m.hour) at time zone ${tz})::date from ${hours} m
        where ${isWanted('m')} and m.hour < ${midnight(sql`${last} + 1`)}
      `

/** What is counted by day, by variation and by offer: expressions `by_day`, `by_variation` and `by_offer`. */
export const sumsOfReport = (sql: Sql, scope: ReportScope) => {
  // Days that exist as a table are read from it as often as needed, which is faster than materialising them.
  const kept = scope.query.tz === 'UTC' ? sql`not materialized` : sql`materialized`
  return sql`
    by_day as ${kept} (
      ${rowsByDay(sql, scope)}
    ), by_variation as materialized (
      select offer_id, variation_id, ${reportSums(sql)} from by_day group by 1, 2
    ), by_offer as materialized (
      select offer_id, ${reportSums(sql)} from by_variation group by 1
    )
  `
}

// UTC days are already summed. Those of another time zone are ranges of hours: finding these in the index takes half
// the time of computing the date of every hour.
const rowsByDay = (sql: Sql, scope: ReportScope) => {
  const { query, first, last, midnight } = scope
  if (query.tz === 'UTC') {
    const since = query.start === undefined ? sql`` : sql`and m.day >= ${first}`
    return ofDays(sql, scope, sql`m.day <= ${last} ${since}`)
  }
  return sql`
    select local.day, m.*
    from (
      select d::date as day, ${midnight(sql`d`)} as begins, ${midnight(sql`d + interval '1 day'`)} as ends
      from generate_series((select first_day from span)::timestamp, ${last}::timestamp, '1 day') d
    ) local,
    lateral (
      select offer_id, variation_id, ${reportSums(sql)}
      from (${ofHours(sql, scope, sql`m.hour >= local.begins and m.hour < local.ends`)}) m
      group by 1, 2
    ) m
  `
}

/** The sums of the range as JSON, and those of as many days before it, if it has a first day. */
export const summaryColumns = (sql: Sql, scope: ReportScope) => sql`
  (select first_day::text from span) as first_day,
  (select row_to_json(r) from (select ${reportSums(sql)} from by_offer) r) as summary,
  ${
    scope.query.start === undefined
      ? sql`null`
      : sql`(select row_to_json(r) from (select ${reportSums(sql)} from (${rowsBefore(sql, scope)}) m) r)`
  } as previous
`

const rowsBefore = (sql: Sql, scope: ReportScope) => {
  const { query, first, last, midnight } = scope
  const before = sql`${first} - (${last} - ${first} + 1)`
  return query.tz === 'UTC'
    ? ofDays(sql, scope, sql`m.day >= ${before} and m.day < ${first}`)
    : ofHours(sql, scope, sql`m.hour >= ${midnight(before)} and m.hour < ${midnight(first)}`)
}
