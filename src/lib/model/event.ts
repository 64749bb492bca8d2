import * as v from 'valibot'
import { clickTraits } from './click-traits.ts'
import { areRequestSigns } from './verdict.ts'

const id = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2_147_483_647))
const uuid = v.pipe(v.string(), v.uuid())
const text = v.nullable(v.string())
/** Milliseconds since 1970. */
const moment = v.pipe(v.number(), v.integer())

/** Journals of earlier versions do not have it. */
const later = <Schema extends v.GenericSchema>(schema: Schema) => v.optional(v.nullable(schema), null)

/** What all kinds of event have: their own id, and when they happened. */
const occurrence = {
  event_id: uuid,
  /** Whether the caller chose the id: then a retry carries it at another time. */
  caller_key: v.boolean(),
  at: moment,
}

const clickSchema = v.object({
  kind: v.literal('click'),
  ...occurrence,
  /** Null if it was not known here: the click is unchecked, and the database finds the offer or rejects the click. */
  offer_id: v.nullable(id),
  /** The slug of an unchecked click, which has to be its offer's; null if there is nothing to check. */
  slug: later(v.string()),
  variation_id: id,
  referrer: text,
  user_agent: text,
  /** The visitor's hash: of address and user agent. Null for visitors who opt out of tracking, and without a salt. */
  ip_hash: text,
  /** A hash of the address alone; null where `ip_hash` is. */
  address_hash: later(v.string()),
  /** For a click without a hash: whether it is its visitor's first that counts on the text. Null if unknown. */
  newcomer: later(v.boolean()),
  verdict: v.picklist(['human', 'machine', 'duplicate']),
  reason: v.string(),
  /** Weak signs of a machine in the request itself, with a "+" between them; the final verdict weighs them again. */
  sign: later(v.pipe(v.string(), v.check(areRequestSigns))),
  rules_version: v.number(),
  ...v.entriesFromList(clickTraits, later(v.string())),
})

export type Click = v.InferOutput<typeof clickSchema>

const impressionSchema = v.object({
  kind: v.literal('impression'),
  ...occurrence,
  offer_id: id,
  variation_id: id,
  newsletter_send_id: text,
  /** The newsletter of the send; null if the report does not say. */
  newsletter: later(v.string()),
  recipients: v.pipe(v.number(), v.integer(), v.minValue(0)),
})

export type Impression = v.InferOutput<typeof impressionSchema>

const surplusSchema = v.object({
  kind: v.literal('surplus'),
  ...occurrence,
  offer_id: id,
  variation_id: id,
  reason: v.string(),
  /** The number of clicks since the first, which was at `at`. */
  clicks: id,
})

/**
 * Machine clicks beyond what one address may add to the database click by click, added up: those of one text and reason
 * within one minute of one process. Each such click is written as the count so far, and the highest one wins.
 */
export type SurplusClicks = v.InferOutput<typeof surplusSchema>

export const conversionStatuses = ['pending', 'approved', 'rejected'] as const

const conversionSchema = v.object({
  kind: v.literal('conversion'),
  ...occurrence,
  /** Whose `external_id` it is; empty if unknown. A later report with the same two values changes the conversion. */
  source: v.string(),
  external_id: v.string(),
  /** The event of the click, and its time in milliseconds since 1970; null if a text is named instead. */
  click_id: v.nullable(uuid),
  clicked_at: v.nullable(v.number()),
  variation_id: v.nullable(id),
  newsletter_send_id: text,
  /** Decimal digits, as they were given. */
  amount: v.string(),
  /** ISO 4217. */
  currency: v.string(),
  status: v.picklist(conversionStatuses),
  occurred_at: moment,
})

/** A report of what a click led to: a sale, a sign-up. Nothing in it is about a person. */
export type Conversion = v.InferOutput<typeof conversionSchema>

/** An event as read from a file. */
export const eventSchema = v.variant('kind', [clickSchema, impressionSchema, surplusSchema, conversionSchema])

/** What the journal keeps and the database counts exactly once. */
export type TrackingEvent = v.InferOutput<typeof eventSchema>
