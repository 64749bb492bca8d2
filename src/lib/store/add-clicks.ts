import type { Sql } from './database.ts'

/**
 * Adds the sums of a common table expression `sums` (`hour`, `offer_id`, `variation_id`, `clicks`, `human_clicks`,
 * `machine_clicks`, `duplicate_clicks`, `uncertain_clicks`) to rollups and counters: further expressions. In a fixed order,
 * because unsorted sums from several connections deadlock.
 */
export const addClicks = (sql: Sql) => sql`
  rollup as (
    insert into promo_performance_metrics as metrics (
      hour, offer_id, variation_id, clicks, human_clicks, machine_clicks, duplicate_clicks, uncertain_clicks
    )
    select hour, offer_id, variation_id, clicks, human_clicks, machine_clicks, duplicate_clicks, uncertain_clicks
    from sums
    order by variation_id, hour
    on conflict (variation_id, hour) do update set
      clicks = metrics.clicks + excluded.clicks,
      human_clicks = metrics.human_clicks + excluded.human_clicks,
      machine_clicks = metrics.machine_clicks + excluded.machine_clicks,
      duplicate_clicks = metrics.duplicate_clicks + excluded.duplicate_clicks,
      uncertain_clicks = metrics.uncertain_clicks + excluded.uncertain_clicks
  ), daily as (
    insert into promo_daily_metrics as metrics (
      day, offer_id, variation_id, clicks, human_clicks, machine_clicks, duplicate_clicks, uncertain_clicks
    )
    select
      (hour at time zone 'UTC')::date, offer_id, variation_id, sum(clicks), sum(human_clicks), sum(machine_clicks), sum(duplicate_clicks), sum(uncertain_clicks)
    from sums
    group by 1, 2, 3
    order by 3, 1
    on conflict (variation_id, day) do update set
      clicks = metrics.clicks + excluded.clicks,
      human_clicks = metrics.human_clicks + excluded.human_clicks,
      machine_clicks = metrics.machine_clicks + excluded.machine_clicks,
      duplicate_clicks = metrics.duplicate_clicks + excluded.duplicate_clicks,
      uncertain_clicks = metrics.uncertain_clicks + excluded.uncertain_clicks
  ), counted_variations as (
    update promo_text_variations variations
    set clicks = variations.clicks + added.clicks
    from (
      select locked.id, grown.clicks
      from promo_text_variations locked
      join (select variation_id, sum(clicks) as clicks from sums group by variation_id) grown
        on grown.variation_id = locked.id
      order by locked.id
      for no key update of locked
    ) added
    where variations.id = added.id
  ), counted_offers as (
    update promo_offers offers
    set total_clicks = offers.total_clicks + added.clicks
    from (
      select locked.id, grown.clicks
      from promo_offers locked
      join (select offer_id, sum(clicks) as clicks from sums group by offer_id) grown on grown.offer_id = locked.id
      order by locked.id
      for no key update of locked
    ) added
    where offers.id = added.id
  )
`
