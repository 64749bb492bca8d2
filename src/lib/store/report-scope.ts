import type { Fragment, Sql } from '../database/sql.ts'
import type { ReportQuery } from '../model/report-query.ts'
import { midnightIn } from './midnight.ts'
import { metricsOf } from './report-metrics.ts'

/** What a report is about, as parts of its statement. Tables are named by their alias. */
export type ReportScope = {
  query: ReportQuery
  /** The rollups that it reads. */
  hours: Fragment
  days: Fragment
  /** The first day, null if the report begins with the first event, and the last. */
  first: Fragment
  last: Fragment
  /** When a day begins in the report's time zone. */
  midnight: (day: Fragment) => Fragment
  /** Conditions: on rows that no report shows, and on those that this one is about. */
  isHidden: (table: string) => Fragment
  hasHiddenText: (table: string) => Fragment
  isWanted: (table: string) => Fragment
}

export function scopeOf(sql: Sql, query: ReportQuery): ReportScope {
  const { start, end, tz, offer_id, variation_id, newsletter } = query
  const isHidden = (table: string) => sql`${sql(table)}.offer_id = any(array(select id from hidden))`
  return {
    query,
    ...metricsOf(sql, newsletter),
    first: sql`${start ?? null}::date`,
    last: sql`${end}::date`,
    midnight: midnightIn(sql, tz),
    isHidden,
    // If an index begins with the text, this finds the few rows there are.
    hasHiddenText: (table) => sql`
      ${sql(table)}.variation_id = any(array(select v.id from promo_text_variations v where ${isHidden('v')}))
    `,
    isWanted: (table) => sql`
      not ${isHidden(table)}
      ${offer_id === undefined ? sql`` : sql`and ${sql(table)}.offer_id = ${offer_id}::integer`}
      ${variation_id === undefined ? sql`` : sql`and ${sql(table)}.variation_id = ${variation_id}::integer`}
    `,
  }
}

/** Offers that no report shows: an expression `hidden`. */
export const hiddenOffers = (sql: Sql) => sql`
  hidden as materialized (
    select id from promo_offers where offer_type = 'self_test'
  )
`

/** A condition on rows `m` of a rollup by hours: those of the report's range. */
export const inHours = (sql: Sql, { query, first, last, midnight }: ReportScope) => sql`
  m.hour < ${midnight(sql`${last} + 1`)} ${query.start === undefined ? sql`` : sql`and m.hour >= ${midnight(first)}`}
`
