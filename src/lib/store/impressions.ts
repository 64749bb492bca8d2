import { commitsDurably } from '../database/durable-commit.ts'
import type { Sql } from '../database/sql.ts'
import { addToCounters, addToRollups } from './add-sums.ts'
import { fingerprint, type Rejection, reusedKeys } from './event-keys.ts'

/**
 * Records the impressions of a JSON array of events exactly once. A later report on the same send and variation
 * corrects `recipients`. The order of arrival decides which is later, since a clock may have been set back; for those
 * that were `left` by an earlier run, their time does. The newsletter of a send comes from its first report, or else
 * from the decision for it; a later report that names another one is refused. No recipients count as no impression. The
 * change comes from the locked row, so counters and rollups change by exactly the difference.
 */
export const recordImpressions = (sql: Sql, events: string, left: boolean) => sql<Rejection[]>`
  with batch as (
    select * from rows from (
      json_to_recordset(${events}::text::json) as (
        kind text, event_id uuid, caller_key boolean, at double precision, offer_id integer, variation_id integer,
        newsletter_send_id text, newsletter text, recipients integer
      )
    ) with ordinality as b (
      kind, event_id, caller_key, at, offer_id, variation_id, newsletter_send_id, newsletter, recipients, position
    )
    where kind = 'impression' and ${commitsDurably(sql)}
  ), valid as (
    select distinct on (b.event_id) b.*, to_timestamp(b.at / 1000) as reported_at,
      ${fingerprint(sql, sql`b.kind, b.variation_id, b.recipients, b.newsletter_send_id, b.newsletter`)} as fingerprint
    from batch b
    join promo_text_variations v on v.id = b.variation_id and v.offer_id = b.offer_id
    order by b.event_id, b.position
  ), of_newsletters as materialized (
    select distinct on (newsletter_send_id) newsletter_send_id, coalesce(
        (
          select i.newsletter from promo_impression_tracking i
          where i.newsletter_send_id = valid.newsletter_send_id
          order by i.id limit 1
        ),
        newsletter,
        (
          select d.newsletter from promo_decisions d
          where d.newsletter_send_id = valid.newsletter_send_id
          order by d.segment limit 1
        ),
        ''
      ) as known
    from valid
    where newsletter_send_id is not null
    order by newsletter_send_id, position
  ), differing as materialized (
    select event_id from valid join of_newsletters using (newsletter_send_id) where newsletter <> known
  ), fresh_keys as (
    insert into promo_event_keys (event_id, fingerprint)
    select event_id, fingerprint from valid
    where caller_key and event_id not in (select event_id from differing)
    order by event_id
    on conflict do nothing
    returning event_id
  ), reports as (
    select * from valid
    where event_id not in (select event_id from differing)
      and (not caller_key or event_id in (select event_id from fresh_keys))
  ), of_sends as (
    -- A statement can touch a row only once: of several reports on a send and variation, the newest counts.
    select distinct on (newsletter_send_id, variation_id)
      *, min(reported_at) over (partition by newsletter_send_id, variation_id) as tracked_at
    from reports join of_newsletters using (newsletter_send_id)
    order by newsletter_send_id, variation_id, case when ${left} then reported_at end desc, position desc
  ), stored_by_send as (
    insert into promo_impression_tracking as known (
      event_id, offer_id, variation_id, newsletter_send_id, newsletter, recipients, tracked_at, reported_at
    )
    select event_id, offer_id, variation_id, newsletter_send_id, known, recipients, tracked_at, reported_at
    from of_sends
    where recipients > 0 or (newsletter_send_id, variation_id) in (
      select newsletter_send_id, variation_id from promo_impression_tracking
      where newsletter_send_id in (select newsletter_send_id from of_sends)
    )
    order by newsletter_send_id, variation_id
    on conflict (newsletter_send_id, variation_id) do update set
      previous_recipients = known.recipients,
      recipients = excluded.recipients,
      reported_at = greatest(excluded.reported_at, known.reported_at),
      corrected_late_at = case
        when excluded.recipients <> known.recipients and excluded.reported_at > known.tracked_at + interval '1 day'
          then excluded.reported_at
        else known.corrected_late_at
      end
    where not ${left} or excluded.reported_at > known.reported_at
    returning offer_id, variation_id, tracked_at, recipients, previous_recipients
  ), stored_alone as (
    insert into promo_impression_tracking (
      event_id, offer_id, variation_id, newsletter, recipients, tracked_at, reported_at
    )
    select event_id, offer_id, variation_id, coalesce(newsletter, ''), recipients, reported_at, reported_at
    from reports
    where newsletter_send_id is null and recipients > 0
    order by position
    on conflict (event_id) where newsletter_send_id is null do nothing
    returning offer_id, variation_id, tracked_at, recipients, previous_recipients
  ), sums as (
    select
      date_trunc('hour', tracked_at, 'UTC') as hour, offer_id, variation_id,
      sum((recipients > 0)::integer - (previous_recipients > 0)::integer) as impressions,
      sum(recipients - previous_recipients) as recipients
    from (select * from stored_by_send union all select * from stored_alone) stored
    group by 1, offer_id, variation_id
  ), ${addToRollups(sql, ['impressions', 'recipients'])}, ${addToCounters(sql, 'recipients')}
  select event_id, 'variation_gone' as reason
  from batch
  where event_id not in (select event_id from valid)
  union all ${reusedKeys(sql)}
  union all select event_id, 'newsletter_differs' from differing
`
