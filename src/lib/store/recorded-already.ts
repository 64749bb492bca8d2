import type { Sql } from '../database/sql.ts'

/**
 * Ids of those events of a JSON array that are nothing new: the database has them or something newer, or the array
 * repeats them. One row per event.
 */
export const listRecordedAlready = (sql: Sql, events: string) => sql<{ event_id: string }[]>`
  with batch as (
    select b.*, to_timestamp(at / 1000) as happened_at,
      row_number() over (partition by event_id order by clicks desc nulls last) as copy
    from json_to_recordset(${events}::text::json) as b (
      kind text, event_id uuid, at double precision, variation_id integer, newsletter_send_id text, clicks integer,
      source text, external_id text
    )
    where kind is not null
  )
  select event_id from batch
  where copy > 1
    or exists (select from promo_event_keys k where k.event_id = batch.event_id)
    or kind = 'click' and exists (
      select from promo_click_tracking c where c.event_id = batch.event_id and c.clicked_at = batch.happened_at
    )
    or kind = 'surplus' and exists (
      select from promo_surplus_clicks s where s.event_id = batch.event_id and s.clicks >= batch.clicks
    )
    or kind = 'impression' and exists (
      select from promo_impression_tracking i
      where i.event_id = batch.event_id
        or i.newsletter_send_id = batch.newsletter_send_id and i.variation_id = batch.variation_id
          and i.reported_at >= batch.happened_at
    )
    or kind = 'conversion' and exists (
      select from promo_conversions c
      where c.source = batch.source and c.external_id = batch.external_id and c.reported_at >= batch.happened_at
    )
`
