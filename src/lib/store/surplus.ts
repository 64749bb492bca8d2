import { commitsDurably } from '../database/durable-commit.ts'
import type { Sql } from '../database/sql.ts'
import { addClicks } from './add-clicks.ts'
import type { Rejection } from './event-keys.ts'

/**
 * Records the surplus clicks of a JSON array of events exactly once: a higher count replaces the one that is stored
 * under its id, and rollups and counters grow by the difference, which comes from the locked row.
 */
export const recordSurplus = (sql: Sql, events: string) => sql<Rejection[]>`
  with batch as (
    select distinct on (event_id) event_id, offer_id, variation_id, to_timestamp(at / 1000) as clicked_at, reason,
      clicks
    from json_to_recordset(${events}::text::json) as (
      kind text, event_id uuid, at double precision, offer_id integer, variation_id integer, reason text, clicks integer
    )
    where kind = 'surplus' and ${commitsDurably(sql)}
    order by event_id, clicks desc
  ), valid as (
    select b.* from batch b
    join promo_text_variations v on v.id = b.variation_id and v.offer_id = b.offer_id
  ), grown as (
    insert into promo_surplus_clicks as known (event_id, offer_id, variation_id, clicked_at, reason, clicks)
    select event_id, offer_id, variation_id, clicked_at, reason, clicks from valid order by event_id
    on conflict (event_id) do update set previous_clicks = known.clicks, clicks = excluded.clicks
    where excluded.clicks > known.clicks
    returning offer_id, variation_id, date_trunc('hour', clicked_at, 'UTC') as hour, clicks - previous_clicks as clicks
  ), sums as (
    select hour, offer_id, variation_id, sum(clicks) as clicks, 0 as human_clicks, sum(clicks) as machine_clicks,
      0 as duplicate_clicks, 0 as uncertain_clicks
    from grown
    group by hour, offer_id, variation_id
  ), ${addClicks(sql)}
  select event_id, 'variation_gone' as reason from batch where event_id not in (select event_id from valid)
`
