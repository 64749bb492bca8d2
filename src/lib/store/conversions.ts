import { commitsDurably } from '../database/durable-commit.ts'
import type { Sql } from '../database/sql.ts'
import { addConversions } from './add-conversions.ts'
import { announceConversions } from './announce-conversions.ts'
import type { Rejection } from './event-keys.ts'

/** The text of a row's click, if known; looked up only where it is needed. */
const textOfClick = (sql: Sql, row: 'valid' | 'former') => sql`(
  select variation_id from promo_click_tracking c
  where c.event_id = ${sql(row)}.click_id and c.clicked_at = to_timestamp(${sql(row)}.clicked_at / 1000)
  limit 1
)`

/**
 * Records the conversions of a JSON array of events exactly once by source and external id. A later report under the
 * same ids changes status, amount and currency. The order of arrival decides which is later; for those that were `left`
 * by an earlier run, their time does. What a conversion belongs to stays as first reported. A later report of another
 * click or text is rejected; one that names a text instead of a click, or a click instead of a text, is rejected if the
 * click is known to be on another text. Sums of counted conversions change by the difference, which comes from the
 * locked row; the others wait for `attributeConversions`.
 */
export const recordConversions = (sql: Sql, events: string, left: boolean) => sql<Rejection[]>`
  with batch as (
    select * from rows from (
      json_to_recordset(${events}::text::json) as (
        kind text, event_id uuid, at double precision, source text, external_id text, click_id uuid,
        clicked_at double precision, variation_id integer, newsletter_send_id text, amount numeric, currency text,
        status text, occurred_at double precision
      )
    ) with ordinality as b (
      kind, event_id, at, source, external_id, click_id, clicked_at, given_variation_id, newsletter_send_id, amount,
      currency,
      status, occurred_at, position
    )
    where kind = 'conversion' and ${commitsDurably(sql)}
  ), valid as (
    select b.*, v.id as variation_id, v.offer_id
    from batch b
    left join promo_text_variations v on v.id = b.given_variation_id
    where b.given_variation_id is null or v.id is not null
  ), first as (
    select distinct on (source, external_id) source, external_id, click_id, clicked_at, given_variation_id
    from valid
    order by source, external_id, position
  ), differing as materialized (
    select valid.event_id
    from valid
    join first using (source, external_id)
    left join promo_conversions known using (source, external_id)
    cross join lateral (
      select known.click_id, extract(epoch from known.clicked_at)::double precision * 1000 as clicked_at,
        known.variation_id
      where known.id is not null
      union all
      select first.click_id, first.clicked_at, first.given_variation_id where known.id is null
    ) former
    where case
      when valid.click_id is not null and former.click_id is not null then valid.click_id <> former.click_id
      else coalesce(valid.given_variation_id, ${textOfClick(sql, 'valid')})
        <> coalesce(former.variation_id, ${textOfClick(sql, 'former')})
    end
  ), newest as (
    -- A statement can touch a row only once: of several reports on a conversion, the newest counts.
    select distinct on (source, external_id) *
    from valid
    where event_id not in (select event_id from differing)
    order by source, external_id, case when ${left} then at end desc, position desc
  ), stored as (
    insert into promo_conversions as known (
      source, external_id, click_id, clicked_at, offer_id, variation_id, newsletter_send_id, amount, currency, status,
      occurred_at, reported_at
    )
    select source, external_id, click_id, to_timestamp(clicked_at / 1000), offer_id, variation_id,
      newsletter_send_id, amount,
      currency, status, to_timestamp(occurred_at / 1000), to_timestamp(at / 1000)
    from newest
    order by source, external_id
    on conflict (source, external_id) do update set
      previous_amount = known.amount, previous_currency = known.currency, previous_status = known.status,
      amount = excluded.amount, currency = excluded.currency, status = excluded.status,
      reported_at = greatest(excluded.reported_at, known.reported_at)
    where not ${left} or excluded.reported_at > known.reported_at
    returning id, source, external_id, occurred_at, reported_at, counted_on, offer_id, variation_id, newsletter,
      impression_id,
      currency, status, amount, previous_currency, previous_status, previous_amount
  ), moved as (
    select counted_on as day, offer_id, variation_id, newsletter, impression_id, currency, status, amount, 1 as sign
    from stored where counted_on is not null
    union all
    select counted_on, offer_id, variation_id, newsletter, impression_id, previous_currency, previous_status,
      previous_amount, -1
    from stored where counted_on is not null
  ), news as (
    select * from stored
    where counted_on is not null
      and (status, amount, currency) is distinct from (previous_status, previous_amount, previous_currency)
  ), ${addConversions(sql)}, ${announceConversions(sql)}
  select event_id, 'variation_gone' as reason from batch where event_id not in (select event_id from valid)
  union all select event_id, 'conversion_differs' from differing
`

/**
 * Counts up to `limit` waiting conversions: for the text and send of their click, once it is there, or for those that
 * they named. After `patience` seconds a conversion counts without what is still missing; until then it is looked up
 * again after growing pauses. Returns how many were looked up. Other instances that do this at the same time get other
 * rows.
 */
export const attributeConversions = (
  sql: Sql,
  { patience, limit }: { patience: number; limit: number },
) => sql<{ looked_at: number }[]>`
  with waiting as materialized (
    select id, click_id, clicked_at, offer_id, variation_id, newsletter_send_id, occurred_at, recorded_at
    from promo_conversions
    where counted_on is null and look_at <= now()
    order by look_at
    limit ${limit}
    for update skip locked
  ), found as (
    select w.id, w.click_id, w.newsletter_send_id, w.recorded_at, coalesce(w.clicked_at, w.occurred_at) as counted_at,
      c.id is not null as clicked, coalesce(c.offer_id, w.offer_id) as offer_id,
      coalesce(c.variation_id, w.variation_id) as variation_id
    from waiting w
    left join lateral (
      select id, offer_id, variation_id from promo_click_tracking
      where event_id = w.click_id and clicked_at = w.clicked_at
      limit 1
    ) c on true
  ), placed as (
    select f.*, i.id as impression_id, i.newsletter,
      case when f.click_id is null then f.newsletter_send_id is null or i.id is not null else f.clicked end as complete
    from found f
    left join lateral (
      select id, newsletter from promo_impression_tracking
      where variation_id = f.variation_id
        and case when f.click_id is null then newsletter_send_id = f.newsletter_send_id
          else newsletter_send_id is not null and tracked_at <= f.counted_at end
      order by tracked_at desc, id desc
      limit 1
    ) i on true
  ), looked as (
    update promo_conversions c
    set counted_on = case when given_up or complete then (counted_at at time zone 'UTC')::date end,
      offer_id = p.offer_id,
      variation_id = p.variation_id,
      impression_id = coalesce(p.impression_id, 0),
      newsletter = coalesce(p.newsletter, ''),
      look_at = now() + least(greatest(now() - p.recorded_at, interval '2 seconds') / 4, interval '1 hour')
    from (select *, recorded_at < now() - ${patience} * interval '1 second' as given_up from placed) p
    where c.id = p.id
    returning c.*
  ), moved as (
    select counted_on as day, offer_id, variation_id, newsletter, impression_id, currency, status, amount, 1 as sign
    from looked where counted_on is not null
  ), news as (
    select * from looked where counted_on is not null
  ), ${addConversions(sql)}, ${announceConversions(sql)}
  select count(*)::integer as looked_at from waiting
`

/** How many conversions are waiting for what they belong to, up to a thousand, and since when. */
export const readWaitingConversions = (sql: Sql) => sql<{ waiting: number; seconds: number }[]>`
  select count(*)::integer as waiting,
    coalesce(extract(epoch from now() - min(recorded_at)), 0)::double precision as seconds
  from (select recorded_at from promo_conversions where counted_on is null order by look_at limit 1000) waiting
`

/** Those of a JSON array of events that are already there, and whether they match the event. */
export const listConversions = (sql: Sql, events: string) => sql<{ event_id: string; same: boolean }[]>`
  select b.event_id, (c.amount, c.currency, c.status) = (b.amount, b.currency, b.status)
    and coalesce(c.click_id = b.click_id, true) and coalesce(c.variation_id = b.variation_id, true) as same
  from json_to_recordset(${events}::text::json) as b (
    event_id uuid, source text, external_id text, click_id uuid, variation_id integer, amount numeric, currency text,
    status text
  )
  join promo_conversions c using (source, external_id)
`
