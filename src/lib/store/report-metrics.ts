import type { Fragment, Sql } from '../database/sql.ts'

const sums = (sql: Sql) => sql`
  hour, offer_id, variation_id, sum(recipients)::bigint as recipients, sum(clicks)::bigint as clicks,
  sum(human_clicks)::bigint as human_clicks, sum(machine_clicks)::bigint as machine_clicks,
  sum(duplicate_clicks)::bigint as duplicate_clicks, sum(uncertain_clicks)::bigint as uncertain_clicks,
  sum(unique_clicks)::bigint as unique_clicks
`

/** Clicks and impressions of the newsletters that `which` selects, added or subtracted; without visitors. */
const ofNewsletters = (sql: Sql, which: Fragment, sign: Fragment) => sql`
  select hour, offer_id, variation_id, 0 as recipients, ${sign} clicks as clicks, ${sign} human_clicks as human_clicks,
    ${sign} machine_clicks as machine_clicks, ${sign} duplicate_clicks as duplicate_clicks,
    ${sign} uncertain_clicks as uncertain_clicks, 0 as unique_clicks
  from promo_newsletter_metrics where ${which}
  union all
  select date_trunc('hour', tracked_at, 'UTC'), offer_id, variation_id, ${sign} recipients, 0, 0, 0, 0, 0, 0
  from promo_impression_tracking where ${which}
`

/**
 * The hourly and the daily rollup as tables that a report reads from: of all newsletters, or of one. A click belongs to
 * the newsletter of its send, which is known once it is settled; clicks that belong to no named newsletter count for
 * the one without a name.
 */
export function metricsOf(sql: Sql, newsletter: string | undefined): { hours: Fragment; days: Fragment } {
  if (newsletter === undefined)
    return { hours: sql`promo_performance_metrics`, days: sql`promo_daily_metrics` }
  const counted =
    newsletter === ''
      ? sql`
          select hour, offer_id, variation_id, recipients, clicks, human_clicks, machine_clicks, duplicate_clicks,
            uncertain_clicks, 0 as unique_clicks
          from promo_performance_metrics
          union all ${ofNewsletters(sql, sql`newsletter <> ''`, sql`-`)}
        `
      : ofNewsletters(sql, sql`newsletter = ${newsletter}`, sql``)
  const hours = sql`(
    select ${sums(sql)}
    from (
      ${counted}
      union all
      select hour, offer_id, variation_id, 0, 0, 0, 0, 0, 0, unique_clicks
      from promo_newsletter_metrics where newsletter = ${newsletter}
    ) metrics
    group by hour, offer_id, variation_id
    having sum(recipients) > 0 or sum(clicks) > 0
  )`
  return { hours, days: sql`(select *, (hour at time zone 'UTC')::date as day from ${hours} hours)` }
}
