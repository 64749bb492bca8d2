import * as v from 'valibot'

const id = v.pipe(v.number(), v.integer(), v.minValue(1))
const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const time = v.pipe(v.string(), v.isoTimestamp())

const send = {
  newsletter_send_id: v.string(),
  newsletter: v.nullable(v.string()),
  offer_id: id,
  offer_name: v.string(),
  variation_id: id,
  recipients: count,
  sent_at: time,
}

/**
 * The `data` of each event, by type. A new event is added here, and raised with `newsOf`, or by the statement that
 * records it.
 */
export const webhookEvents = {
  'send.reported': v.object(send),
  'send.judged': v.object({ ...send, clicks: count, human_clicks: count, clickers: count }),
  'winner.confirmed': v.object({
    offer_id: id,
    variation_id: id,
    text: v.string(),
    probability_best: v.number(),
    smoothed_ctr: v.number(),
    sends: count,
  }),
  'link.broken': v.object({ source: v.picklist(['table', 'strapi']), link: v.string(), reason: v.string() }),
  'conversion.recorded': v.object({
    source: v.nullable(v.string()),
    external_id: v.string(),
    offer_id: v.nullable(id),
    variation_id: v.nullable(id),
    newsletter_send_id: v.nullable(v.string()),
    newsletter: v.nullable(v.string()),
    amount: v.string(),
    currency: v.string(),
    status: v.picklist(['pending', 'approved', 'rejected']),
    occurred_at: time,
  }),
  'tracking.degraded': v.object({ reason: v.string(), since: time }),
} as const

export type WebhookEvent = keyof typeof webhookEvents

/** The data of an event. */
export type EventData<Type extends WebhookEvent> = v.InferOutput<(typeof webhookEvents)[Type]>

export const isWebhookEvent = (name: string): name is WebhookEvent => Object.hasOwn(webhookEvents, name)
