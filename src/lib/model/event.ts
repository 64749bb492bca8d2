import type { Verdict } from './verdict.ts'

/** What both kinds of event have: its own id, and when it happened in milliseconds since 1970. */
type Occurrence = {
  event_id: string
  /** Whether the caller chose the id: then a retry carries it at another time. */
  caller_key: boolean
  at: number
  variation_id: number
}

export type Click = Occurrence & {
  kind: 'click'
  /** Null where it was not known here: the click is unchecked, and the database finds the offer or rejects the click. */
  offer_id: number | null
  /** The slug that an unchecked click was on, which has to be its offer's; null where there is nothing to check. */
  slug: string | null
  referrer: string | null
  user_agent: string | null
  /** The visitor's hash: of address and user agent. Null for visitors who opt out of tracking, and without a salt. */
  ip_hash: string | null
  /** A hash of the address alone; null where `ip_hash` is, and in clicks of earlier versions. */
  address_hash: string | null
  /** Of a click without a hash: whether it is its visitor's first on the text that counts. Null where nobody can say. */
  newcomer: boolean | null
  verdict: Verdict
  reason: string
  /** Weak signs of a machine in the request itself, with a "+" between them; the final verdict weighs them again. */
  sign: string | null
  rules_version: number
  device: string | null
  browser: string | null
  os: string | null
}

export type Impression = Occurrence & {
  kind: 'impression'
  offer_id: number
  newsletter_send_id: string | null
  /** Which list the send is of; null where the report does not say. */
  newsletter: string | null
  recipients: number
}

/**
 * Machine clicks beyond what one address may add to the database click by click, added up: those of one text and reason
 * within one minute of one process. Each such click is written as the count so far, and the highest that arrives wins.
 */
export type SurplusClicks = Occurrence & {
  kind: 'surplus'
  offer_id: number
  reason: string
  /** How many it stands for: all since its first, when `at` was. */
  clicks: number
}

export const conversionStatuses = ['pending', 'approved', 'rejected'] as const

/** A report on what a click led to: a sale, a sign-up. Nothing in it is about a person. */
export type Conversion = Pick<Occurrence, 'event_id' | 'caller_key' | 'at'> & {
  kind: 'conversion'
  /** Whose `external_id` it is; empty where nobody says. A later report under both changes the conversion. */
  source: string
  external_id: string
  /** The event of the click, and when that was in milliseconds since 1970; null where a text is named in its place. */
  click_id: string | null
  clicked_at: number | null
  variation_id: number | null
  newsletter_send_id: string | null
  /** Decimal digits, as they were given. */
  amount: string
  /** ISO 4217. */
  currency: string
  status: (typeof conversionStatuses)[number]
  /** Milliseconds since 1970. */
  occurred_at: number
}

/** What the journal keeps and the database counts exactly once. */
export type TrackingEvent = Click | Impression | SurplusClicks | Conversion
