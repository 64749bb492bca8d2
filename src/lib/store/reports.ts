import type { Fragment, Sql } from '../database/sql.ts'
import { byWhat, needsEvidence, type ReportQuery } from '../model/report-query.ts'
import type { OfferSums, Sums, VariationSums } from '../model/sums.ts'
import { breakdownRows } from './report-breakdown.ts'
import { offerRows, variationRows } from './report-catalogue.ts'
import {
  type ConversionSums,
  conversionsColumn,
  type SendConversions,
  sendConversionsColumn,
} from './report-conversions.ts'
import { sparklinesColumn, timelineColumn } from './report-days.ts'
import { evidenceOf } from './report-evidence.ts'
import { heatmapRows } from './report-heatmap.ts'
import { type PeopleRow, peopleColumns } from './report-people.ts'
import { hiddenOffers, inHours, type ReportScope, scopeOf } from './report-scope.ts'
import { rangeOfReport, summaryColumns, sumsOfReport } from './report-sums.ts'

export type ReportRow = {
  first_day: string
  summary: Sums
  previous: Sums | null
  offers: OfferSums[]
  variations: VariationSums[]
  /** Days are counted from 1970-01-01. */
  timeline: [
    day: number,
    impressions: number,
    clicks: number,
    human_clicks: number,
    machine_clicks: number,
    duplicate_clicks: number,
    uncertain_clicks: number,
    unique_clicks: number,
  ][]
  sparklines: [day: number, variation_id: number, impressions: number, clicks: number, human_clicks: number][]
  heatmap: { weekday: number; hour: number; clicks: number; human_clicks: number }[]
  /** Clicks that are neither human nor machine are duplicates. */
  breakdown: {
    dimension: string
    value: string
    clicks: number
    human_clicks: number
    machine_clicks: number
  }[]
  /** Null if the report does not ask for them, and as long as there has never been one. */
  conversions: ConversionSums[] | null
  send_conversions: SendConversions[]
  /** All lists that anything was sent to; empty for the one without a name. */
  newsletters: string[]
  /** People of the range and of the one before. */
  people: PeopleRow[]
  people_before: PeopleRow[]
  /** The first day that people are known of. */
  people_since: string | null
  /** The range's hours begin at or after the one and before the other; milliseconds since 1970. */
  begins: number | null
  ends: number
  settled_until: string | null
  all_settled: boolean
}

/** Each of the rows that a report is read as has one of these. */
export type ReportPart = {
  /**
   * All sends of all offers, `{ texts: SentText[], spans: SendSpan[], crowds: CrowdOfSend[], signs: SignsOfSend[] }` as
   * JSON: a caller that has already read and assessed the same need not do so again. No row has it if the report does
   * not need them.
   */
  evidence: string | null
  report: ReportRow | null
}

/**
 * Everything that a report shows, in one statement, so that all figures are of the same moment. The evidence comes
 * first, so that it can be judged while the server adds up the rest. An hour belongs to the day in which it begins, in
 * the requested time zone; the breakdown follows UTC days.
 */
export const readReportParts = (sql: Sql, query: ReportQuery) => {
  const scope = scopeOf(sql, query)
  const evidence = sql`
    select ${evidenceOf(sql, scope.isHidden('v'))} as evidence, null::json as report, null as padding
    union all
    -- The server sends 8 kB at a time: the end of the evidence would wait for the report.
    select null, null, repeat(' ', 8192)
    union all
  `
  return sql<ReportPart[]>`
    with ${hiddenOffers(sql)}, ${rangeOfReport(sql, scope)}, ${sumsOfReport(sql, scope)}
    ${needsEvidence(query) ? evidence : sql``}
    select null as evidence, row_to_json(r) as report, null as padding
    from (${reportRow(sql, scope)}) r
  `
}

const reportRow = (sql: Sql, scope: ReportScope) => {
  const { query } = scope
  return sql`
    select
      ${summaryColumns(sql, scope)},
      ${list(sql, offerRows(sql, scope))} as offers,
      ${list(sql, variationRows(sql, scope))} as variations,
      ${timelineColumn(sql, scope)} as timeline,
      ${sparklinesColumn(sql, scope)} as sparklines,
      ${heatmapColumn(sql, scope)} as heatmap,
      ${breakdownColumn(sql, scope)} as breakdown,
      ${newslettersColumn(sql, scope)} as newsletters,
      ${conversionsColumn(sql, query, scope.isWanted('m'))} as conversions,
      ${sendConversionsColumn(sql, query, scope.isWanted('m'))} as send_conversions,
      ${peopleColumns(sql, query)},
      ${momentColumns(sql, scope)}
  `
}

const list = (sql: Sql, rows: Fragment) => sql`(select coalesce(json_agg(r), '[]') from (${rows}) r)`

const heatmapColumn = (sql: Sql, scope: ReportScope) => {
  const { query, hours, isWanted, isHidden } = scope
  if (!query.include.has('heatmap')) return sql`'[]'::json`
  return list(sql, heatmapRows(sql, query, hours, isWanted('m'), isHidden('m'), inHours(sql, scope)))
}

const breakdownColumn = (sql: Sql, { query, isWanted, hasHiddenText }: ReportScope) =>
  byWhat.some((section) => query.include.has(section)) && query.newsletter === undefined
    ? list(sql, breakdownRows(sql, query, isWanted('b'), hasHiddenText('b')))
    : sql`'[]'::json`

/** All lists that anything was sent to. */
const newslettersColumn = (sql: Sql, { isHidden }: ReportScope) => sql`
  (
    select coalesce(json_agg(newsletter order by newsletter), '[]')
    from (select distinct i.newsletter from promo_impression_tracking i where not ${isHidden('i')}) named
  )
`

/** Between which moments the range lies, and up to when clicks are settled. */
const momentColumns = (sql: Sql, { query, first, last, midnight }: ReportScope) => {
  const milliseconds = (moment: Fragment) => sql`(extract(epoch from ${moment}) * 1000)::double precision`
  return sql`
    ${query.start === undefined ? sql`null` : milliseconds(midnight(first))} as begins,
    ${milliseconds(midnight(sql`${last} + 1`))} as ends,
    (
      select to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
      from promo_settlement where recorded_at > '-infinity'
    ) as settled_until,
    -- The ends of two indexes: "not exists" would read all clicks as long as none of them waits.
    coalesce((select max(id) from promo_click_tracking) <= (select click_id from promo_settlement), true)
      and (select min(recorded_at) from promo_surplus_clicks where settled_clicks < clicks) is null as all_settled
  `
}
