import type { Sql } from '../database/sql.ts'
import { clickTraits } from '../model/click-traits.ts'
import { addToSends } from './settle-sends.ts'
import type { Settling } from './settlement.ts'

const unknownTraits = clickTraits.map((trait) => `('${trait}', 'unknown')`).join(', ')

/**
 * Adds surplus clicks to sends and to the breakdown, once they were recorded `age` seconds ago: their verdict is final,
 * so nothing else waits. Of counts that have grown since they were settled, only the increase is settled. This and
 * settling clicks exclude each other. Returns how many counts were settled.
 */
export const settleSurplus = (sql: Sql, { age, limit }: Pick<Settling, 'age' | 'limit'>) => sql<
  { settled: number }[]
>`
  with locked as materialized (
    select only_row from promo_settlement for update skip locked
  ), batch as materialized (
    select event_id, offer_id, variation_id, clicked_at, reason, clicks, clicks - settled_clicks as grown
    from promo_surplus_clicks
    where settled_clicks < clicks and (select only_row from locked)
      -- Recorded in the future: by a database clock that has been set back since.
      and (recorded_at <= now() - ${age} * interval '1 second' or recorded_at >= now() + interval '1 minute')
    order by recorded_at, event_id
    limit ${limit}
    -- Rows that are being recorded are left for the next time, since they are locked in another order.
    for update skip locked
  ), settled as (
    update promo_surplus_clicks kept set settled_clicks = batch.clicks from batch where kept.event_id = batch.event_id
  ), counted as materialized (
    select batch.*, sent.impression_id, sent.newsletter, sent.hours
    from batch, lateral (
      select i.id as impression_id, i.newsletter, extract(epoch from batch.clicked_at - i.tracked_at) / 3600 as hours
      from promo_impression_tracking i
      where i.variation_id = batch.variation_id and i.newsletter_send_id is not null
        and i.tracked_at <= batch.clicked_at
      order by i.tracked_at desc, i.id desc
      limit 1
    ) sent
  ), of_sends as (
    select impression_id, hours, grown as clicks, 0 as human_clicks, 0 as clickers, 0 as crowd_clickers,
      0 as uncertain_clickers, 0 as doubtful_clicks
    from counted
  ), ${addToSends(sql, 'of_sends')}, by_newsletter as (
    insert into promo_newsletter_metrics as metrics (newsletter, hour, offer_id, variation_id, clicks, machine_clicks)
    select newsletter, date_trunc('hour', clicked_at, 'UTC'), offer_id, variation_id, sum(grown), sum(grown)
    from counted
    where newsletter <> ''
    group by 1, 2, 3, 4
    order by 4, 1, 2
    on conflict (variation_id, newsletter, hour) do update set
      clicks = metrics.clicks + excluded.clicks,
      machine_clicks = metrics.machine_clicks + excluded.machine_clicks
  ), breakdown as (
    insert into promo_click_breakdown as metrics (day, offer_id, variation_id, dimension, value, clicks, machine_clicks)
    select (clicked_at at time zone 'UTC')::date, offer_id, variation_id, dimension, value, sum(grown), sum(grown)
    from batch, lateral (
      values ${sql.unsafe(unknownTraits)}, ('reason', reason)
    ) known (dimension, value)
    group by 1, 2, 3, 4, 5
    order by 3, 1, 4, 5
    on conflict (variation_id, day, dimension, value) do update set
      clicks = metrics.clicks + excluded.clicks,
      machine_clicks = metrics.machine_clicks + excluded.machine_clicks
  )
  select count(*)::integer as settled from batch
`
