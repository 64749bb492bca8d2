import type { Fragment, Sql } from '../database/sql.ts'
import { byWhat, needsEvidence, type ReportQuery, sparklinePoints } from '../model/report-query.ts'
import type { ReportRow } from '../model/report-row.ts'
import { midnightIn } from './midnight.ts'
import { breakdownRows } from './report-breakdown.ts'
import { conversionsColumn } from './report-conversions.ts'
import { evidenceOf } from './report-evidence.ts'
import { heatmapRows } from './report-heatmap.ts'
import { metricsOf } from './report-metrics.ts'
import { peopleColumns } from './report-people.ts'

/**
 * Everything that a report shows, in one statement, so that no figure is of another moment than its neighbour. An hour
 * belongs to the day, in the time zone asked for, in which it begins; the breakdown follows UTC days.
 */
export const readReportRow = (sql: Sql, query: ReportQuery) => {
  const { tz, start, end, include } = query
  const { hours, days } = metricsOf(sql, query.newsletter)
  const isHidden = (table: string) => sql`${sql(table)}.offer_id = any(array(select id from hidden))`
  // Where a key begins with the text, this finds what few rows there are.
  const hasHiddenText = (table: string) => sql`
    ${sql(table)}.variation_id = any(array(select v.id from promo_text_variations v where ${isHidden('v')}))
  `
  const of = (table: string) => sql`
    not ${isHidden(table)}
    ${query.offer_id === undefined ? sql`` : sql`and ${sql(table)}.offer_id = ${query.offer_id}::integer`}
    ${query.variation_id === undefined ? sql`` : sql`and ${sql(table)}.variation_id = ${query.variation_id}::integer`}
  `
  const midnight = midnightIn(sql, tz)
  const milliseconds = (moment: Fragment) => sql`(extract(epoch from ${moment}) * 1000)::double precision`
  const last = sql`${end}::date`
  const first = sql`${start ?? null}::date`
  const inRange = sql`
    m.hour < ${midnight(sql`${last} + 1`)} ${start === undefined ? sql`` : sql`and m.hour >= ${midnight(first)}`}
  `
  // Sums of double precision are exact up to 2^53, like the numbers that they become, and need no memory a group and column.
  const sums = sql`
    coalesce(sum(impressions::double precision), 0)::bigint as impressions,
    coalesce(sum(clicks::double precision), 0)::bigint as clicks,
    coalesce(sum(human_clicks::double precision), 0)::bigint as human_clicks,
    coalesce(sum(machine_clicks::double precision), 0)::bigint as machine_clicks,
    coalesce(sum(duplicate_clicks::double precision), 0)::bigint as duplicate_clicks,
    coalesce(sum(uncertain_clicks::double precision), 0)::bigint as uncertain_clicks,
    coalesce(sum(unique_clicks::double precision), 0)::bigint as unique_clicks
  `
  const columns = sql`
    m.offer_id, m.variation_id, m.recipients as impressions, m.clicks, m.human_clicks, m.machine_clicks,
    m.duplicate_clicks, m.uncertain_clicks, m.unique_clicks
  `
  const ofHours = (range: Fragment) => sql`
    select ${columns} from ${hours} m where ${of('m')} and ${range}
  `
  const ofDays = (range: Fragment) => sql`
    select m.day, ${columns} from ${days} m where ${of('m')} and ${range}
  `
  // Days of UTC are added up already. Those of another time zone are ranges of hours: finding these in the index takes half
  // the time of asking for the date of every hour.
  const byDay =
    tz === 'UTC'
      ? ofDays(sql`m.day <= ${last} ${start === undefined ? sql`` : sql`and m.day >= ${first}`}`)
      : sql`
          select local.day, m.*
          from (
            select d::date as day, ${midnight(sql`d`)} as begins, ${midnight(sql`d + interval '1 day'`)} as ends
            from generate_series((select first_day from span)::timestamp, ${last}::timestamp, '1 day') d
          ) local,
          lateral (
            select offer_id, variation_id, ${sums}
            from (${ofHours(sql`m.hour >= local.begins and m.hour < local.ends`)}) m
            group by 1, 2
          ) m
        `
  const before = sql`${first} - (${last} - ${first} + 1)`
  const previous =
    tz === 'UTC'
      ? ofDays(sql`m.day >= ${before} and m.day < ${first}`)
      : ofHours(sql`m.hour >= ${midnight(before)} and m.hour < ${midnight(first)}`)
  const earliest =
    tz === 'UTC'
      ? sql`select min(m.day) from ${days} m where ${of('m')} and m.day <= ${last}`
      : sql`
          select (min(m.hour) at time zone ${tz})::date from ${hours} m
          where ${of('m')} and m.hour < ${midnight(sql`${last} + 1`)}
        `
  const list = (section: boolean, rows: Fragment) =>
    section ? sql`(select coalesce(json_agg(r), '[]') from (${rows}) r)` : sql`'[]'::json`
  // Arrays of numbers take the server half the time that rows with names do.
  const numbers = (section: boolean, columns: Fragment, rows: Fragment) =>
    section
      ? sql`(select to_json(coalesce(array_agg(array[${columns}]), '{}')) from (${rows}) r)`
      : sql`'[]'::json`
  const numberOf = (day: Fragment) => sql`(${day} - date '1970-01-01')`

  // Days that are in a table are read from it as often as needed, which is faster than keeping a copy of them.
  const kept = tz === 'UTC' ? sql`not materialized` : sql`materialized`

  return sql<ReportRow[]>`
    with hidden as materialized (
      select id from promo_offers where offer_type = 'self_test'
    ), span as materialized (
      select ${start === undefined ? sql`coalesce((${earliest}), ${last})` : first} as first_day
    ), by_day as ${kept} (
      ${byDay}
    ), by_variation as materialized (
      select offer_id, variation_id, ${sums} from by_day group by 1, 2
    ), by_offer as materialized (
      select offer_id, ${sums} from by_variation group by 1
    )
    select
      (select first_day::text from span) as first_day,
      (select row_to_json(r) from (select ${sums} from by_offer) r) as summary,
      ${
        start === undefined
          ? sql`null`
          : sql`(select row_to_json(r) from (select ${sums} from (${previous}) m) r)`
      } as previous,
      ${list(
        true,
        sql`
          select o.id as offer_id, o.name as offer_name, o.offer_type, o.active,
            coalesce(b.impressions, 0) as impressions, coalesce(b.clicks, 0) as clicks,
            coalesce(b.human_clicks, 0) as human_clicks, coalesce(b.machine_clicks, 0) as machine_clicks,
            coalesce(b.duplicate_clicks, 0) as duplicate_clicks, coalesce(b.uncertain_clicks, 0) as uncertain_clicks,
            coalesce(b.unique_clicks, 0) as unique_clicks
          from promo_offers o left join by_offer b on b.offer_id = o.id
          where not o.id = any(array(select id from hidden))
            ${query.offer_id === undefined ? sql`and (o.active or b.offer_id is not null)` : sql`and o.id = ${query.offer_id}::integer`}
            ${
              query.variation_id === undefined || query.offer_id !== undefined
                ? sql``
                : sql`and o.id = (select offer_id from promo_text_variations where id = ${query.variation_id}::integer)`
            }
        `,
      )} as offers,
      ${list(
        true,
        sql`
          select v.id as variation_id, v.offer_id, v.text_content, v.cta_text, v.tone, v.length_category, v.approved,
            coalesce(b.impressions, 0) as impressions, coalesce(b.clicks, 0) as clicks,
            coalesce(b.human_clicks, 0) as human_clicks, coalesce(b.machine_clicks, 0) as machine_clicks,
            coalesce(b.duplicate_clicks, 0) as duplicate_clicks, coalesce(b.uncertain_clicks, 0) as uncertain_clicks,
            coalesce(b.unique_clicks, 0) as unique_clicks
          from promo_text_variations v
          join promo_offers o on o.id = v.offer_id
          left join by_variation b on b.variation_id = v.id
          where not o.id = any(array(select id from hidden))
            ${query.offer_id === undefined ? sql`` : sql`and v.offer_id = ${query.offer_id}::integer`}
            ${
              query.variation_id === undefined
                ? sql`and (
                      b.variation_id is not null
                      -- A text in use is compared with all others in use, so they are shown with it.
                      or v.approved and (
                        o.active or ${query.offer_id !== undefined} or v.offer_id in (select offer_id from by_offer)
                      )
                    )`
                : sql`and v.id = ${query.variation_id}::integer`
            }
        `,
      )} as variations,
      ${needsEvidence(query) ? evidenceOf(sql, isHidden('v')) : sql`null`} as evidence,
      ${numbers(
        include.has('timeline'),
        sql`
          day, impressions, clicks, human_clicks, machine_clicks, duplicate_clicks, uncertain_clicks, unique_clicks
        `,
        sql`select ${numberOf(sql`day`)} as day, ${sums} from by_day group by by_day.day order by by_day.day desc`,
      )} as timeline,
      ${numbers(
        include.has('sparklines'),
        sql`day, variation_id, impressions, clicks, human_clicks`,
        sql`
          select ${numberOf(sql`s.first_day + (b.day - s.first_day) / s.step * s.step`)} as day, b.variation_id,
            sum(b.impressions)::bigint as impressions, sum(b.clicks)::bigint as clicks, sum(b.human_clicks)::bigint as human_clicks
          from by_day b, (
            select first_day, greatest(1, (${last} - first_day + ${sparklinePoints}::integer) / ${sparklinePoints}::integer) as step
            from span
          ) s
          group by 1, 2 order by 2, 1
        `,
      )} as sparklines,
      ${list(include.has('heatmap'), heatmapRows(sql, query, hours, of('m'), isHidden('m'), inRange))} as heatmap,
      ${list(
        byWhat.some((section) => include.has(section)) && query.newsletter === undefined,
        breakdownRows(sql, query, of('b'), hasHiddenText('b')),
      )} as breakdown,
      (
        select coalesce(json_agg(newsletter order by newsletter), '[]')
        from (select distinct i.newsletter from promo_impression_tracking i where not ${isHidden('i')}) named
      ) as newsletters,
      ${conversionsColumn(sql, query, of('m'))} as conversions,
      ${peopleColumns(sql, query)},
      ${start === undefined ? sql`null` : milliseconds(midnight(first))} as begins,
      ${milliseconds(midnight(sql`${last} + 1`))} as ends,
      (
        select to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        from promo_settlement where recorded_at > '-infinity'
      ) as settled_until
  `
}
