import { arrayLiteral } from '../database/array-literal.ts'
import type { Sql } from '../database/sql.ts'
import type { RateDoubt } from '../model/doubt.ts'

/** Seconds between two searches for doubtful sends: after something was settled, and otherwise. */
const lookEvery = { settled: 600, quiet: 3_600 }

/** Claims the next search for doubtful sends if it is due; otherwise no row, so that only one instance searches. */
export const claimDoubtLook = (sql: Sql) => sql<{ doubted_at: Date }[]>`
  update promo_settlement
  set doubted_at = now()
  where doubted_at < now() - case when settled_at > doubted_at then ${lookEvery.settled}::integer
      else ${lookEvery.quiet}::integer end * interval '1 second'
    or doubted_at > now() + interval '1 minute'
  returning doubted_at
`

/** Replaces the stored doubts with `doubts`; returns which of them are new. */
export const keepDoubts = (sql: Sql, doubts: readonly RateDoubt[]) => sql<
  Pick<RateDoubt, 'newsletter_send_id' | 'variation_id'>[]
>`
  with doubted as materialized (
    select i.id as impression_id, d.factor, d.usual_recipients, d.newsletter_send_id, d.variation_id
    from json_to_recordset(${JSON.stringify(doubts)}::text::json)
      d (newsletter_send_id text, variation_id integer, factor double precision, usual_recipients bigint)
    join promo_impression_tracking i on i.newsletter_send_id = d.newsletter_send_id and i.variation_id = d.variation_id
  ), gone as (
    delete from promo_doubted_sends where impression_id not in (select impression_id from doubted)
  ), kept as (
    insert into promo_doubted_sends (impression_id, factor, usual_recipients)
    select impression_id, factor, usual_recipients from doubted order by impression_id
    on conflict (impression_id) do update set
      factor = excluded.factor,
      usual_recipients = excluded.usual_recipients
  )
  select newsletter_send_id, variation_id from doubted
  where impression_id not in (select impression_id from promo_doubted_sends)
`

/** The newest `most` sends of the last `days` days that the last search doubted. */
export const listDoubts = (sql: Sql, days: number, most: number) => sql<RateDoubt[]>`
  select i.newsletter_send_id, i.variation_id,
    to_char(i.tracked_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as sent_at,
    d.factor, i.recipients, d.usual_recipients::integer, coalesce((
      select sum(m.clickers) from promo_send_metrics m where m.impression_id = i.id
    ), 0)::integer as clickers
  from promo_doubted_sends d join promo_impression_tracking i on i.id = d.impression_id
  where i.tracked_at > now() - ${days} * interval '1 day'
  order by i.tracked_at desc, i.id desc
  limit ${most}
`

/** Replaces the stored names of sends that were reported late, newest first; returns which of them are new. */
export const keepLateSends = (sql: Sql, sends: readonly string[]) => sql<{ newsletter_send_id: string }[]>`
  with former as (
    select late_sends from promo_settlement
  ), kept as (
    update promo_settlement
    set late_sends = ${arrayLiteral(sends, (send) => send)}::text[]
    returning late_sends
  )
  select newsletter_send_id
  from kept, unnest(kept.late_sends) newsletter_send_id
  where newsletter_send_id not in (select unnest(late_sends) from former)
`

/** The sends that the last search found to be reported late, newest first. */
export const listLateSends = (sql: Sql) => sql<{ newsletter_send_id: string }[]>`
  select newsletter_send_id
  from promo_settlement, unnest(late_sends) with ordinality send (newsletter_send_id, place)
  order by place
`
