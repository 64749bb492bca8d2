import { arrayLiteral } from '../database/array-literal.ts'
import type { Sql } from '../database/sql.ts'
import { webhookMessage } from './webhook-message.ts'

/** What a webhook answered: when, to which message, and what. */
export type WebhookAnswer = { at: string; id: string; type: string; answer: string }

export type Webhook = { id: number; url: string; secret: string }

const listed = (names: readonly string[]) => arrayLiteral(names, (name) => name)

/** Adds a webhook, unless there are `most` already; no row then. */
export const addWebhook = (
  sql: Sql,
  webhook: { url: string; secret: string; events: readonly string[]; most: number },
) => sql<{ id: number }[]>`
  insert into promo_webhooks (url, secret, events)
  select ${webhook.url}, ${webhook.secret}, ${listed(webhook.events)}::text[]
  where (select count(*) from promo_webhooks) < ${webhook.most}
  returning id
`

/** All webhooks with their last answers, newest first, and how many messages wait for each. */
export const listWebhooks = (sql: Sql) => sql<
  { id: number; url: string; events: string[]; answers: WebhookAnswer[]; waiting: number }[]
>`
  select id, url, to_json(events) as events, answers,
    (select count(*)::integer from promo_outbox where target = 'webhook:' || w.id) as waiting
  from promo_webhooks w
  order by id
`

/** Removes a webhook with all that waits for it; no row if there is none. */
export const removeWebhook = (sql: Sql, id: number) => sql<{ id: number }[]>`
  with waiting as (
    delete from promo_outbox where target = 'webhook:' || ${id}::integer
  )
  delete from promo_webhooks where id = ${id} returning id
`

/** A webhook, with a test message for its owner. */
export const findWebhook = (sql: Sql, id: number) => sql<(Webhook & { test_message: { id: string } })[]>`
  select id, url, secret,
    ${webhookMessage(sql, { type: sql`'webhook.test'`, at: sql`now()`, data: sql`'{}'::jsonb` })} as test_message
  from promo_webhooks where id = ${id}
`

/** The webhooks for which something is due. */
export const dueWebhooks = (sql: Sql) => sql<Webhook[]>`
  select id, url, secret from promo_webhooks w
  where exists (select from promo_outbox where target = 'webhook:' || w.id and due_at <= now())
  order by id
`

/** Adds an answer to the last ones of a webhook, and keeps `most` of them. */
export const noteAnswer = (sql: Sql, id: number, answer: WebhookAnswer, most: number) => sql`
  update promo_webhooks
  set answers = (
    select jsonb_agg(known.answer order by known.place)
    from jsonb_array_elements(jsonb_build_array(${JSON.stringify(answer)}::text::jsonb) || answers)
      with ordinality known (answer, place)
    where known.place <= ${most}
  )
  where id = ${id}
`

/** The events that any webhook wants. */
export const wantedEvents = (sql: Sql) => sql<{ type: string }[]>`
  select distinct unnest(events) as type from promo_webhooks
`

/**
 * An event as `raiseEvents` takes it; without `data` it is only stored, and nobody is notified. `at` is in milliseconds
 * since 1970, `quiet` in seconds.
 */
export type News = {
  type: string
  subject: string
  state: string
  at: number
  quiet: number | null
  data: object | null
}

/**
 * Puts news into the outbox for the webhooks that subscribe to it. Each is notified once of a subject in a state,
 * however often and by whatever instance it is seen; again when the state changes, or when it was not seen for `quiet`
 * seconds. A webhook gets no news from before it was added. Returns how many messages were put there.
 */
export const raiseEvents = (sql: Sql, news: readonly News[]) => sql<{ raised: number }[]>`
  with wanted as materialized (
    select w.id as webhook_id, item.type, item.subject, item.state, item.at, item.quiet, item.data
    from json_to_recordset(${JSON.stringify(news)}::text::json) as item
      (type text, subject text, state text, at double precision, quiet double precision, data jsonb)
    join promo_webhooks w on item.type = any (w.events) and w.added_at <= to_timestamp(item.at / 1000)
  ), known as materialized (
    -- Locked, so that concurrent statements see the result of this one.
    select news.webhook_id, news.subject, news.state, news.seen_at
    from promo_webhook_news news
    where (news.webhook_id, news.subject) in (select webhook_id, subject from wanted)
    order by 1, 2
    for update
  ), kept as (
    insert into promo_webhook_news (webhook_id, subject, state)
    select webhook_id, subject, state from wanted
    -- Read first: a row that this statement has changed cannot be locked any more.
    where (select count(*) from known) >= 0
    order by 1, 2
    on conflict (webhook_id, subject) do update set state = excluded.state, seen_at = now()
    returning webhook_id, subject, xmax = 0 as new
  ), raised as (
    insert into promo_outbox (target, body)
    select 'webhook:' || wanted.webhook_id, ${webhookMessage(sql, {
      type: sql`wanted.type`,
      at: sql`to_timestamp(wanted.at / 1000)`,
      data: sql`wanted.data`,
    })}
    from wanted
    join kept using (webhook_id, subject)
    left join known using (webhook_id, subject)
    where wanted.data is not null
      and (kept.new or known.state <> wanted.state or known.seen_at < now() - wanted.quiet * interval '1 second')
    order by wanted.at, wanted.subject
    returning id
  )
  select count(*)::integer as raised from raised
`

/** Deletes news that has not been seen for this many days. */
export const forgetNews = (sql: Sql, days: number) => sql`
  delete from promo_webhook_news where seen_at < now() - ${days} * interval '24 hours'
`

/** A send of a text, with its settled clicks. */
export type SendNews = {
  newsletter_send_id: string
  newsletter: string | null
  offer_id: number
  offer_name: string
  variation_id: number
  recipients: number
  /** Milliseconds since 1970. */
  sent_at: number
  clicks: number
  human_clicks: number
  clickers: number
}

/** Sends that were reported between two ages in hours, oldest first, with their settled clicks. */
export const listSendNews = (sql: Sql, ages: { from: number; to: number }) => sql<SendNews[]>`
  select i.newsletter_send_id, nullif(i.newsletter, '') as newsletter, i.offer_id, o.name as offer_name, i.variation_id,
    i.recipients::integer as recipients, (extract(epoch from i.tracked_at) * 1000)::double precision as sent_at,
    coalesce(sum(m.clicks), 0)::integer as clicks, coalesce(sum(m.human_clicks), 0)::integer as human_clicks,
    coalesce(sum(m.clickers), 0)::integer as clickers
  from promo_impression_tracking i
  join promo_offers o on o.id = i.offer_id and o.offer_type <> 'self_test'
  left join promo_send_metrics m on m.impression_id = i.id
  where i.newsletter_send_id is not null
    and i.tracked_at between now() - ${ages.to} * interval '1 hour' and now() - ${ages.from} * interval '1 hour'
  group by i.id, o.name
  order by i.tracked_at, i.id
`
