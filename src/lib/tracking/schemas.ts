import { isIP } from 'node:net'
import * as v from 'valibot'

/** PostgreSQL stores neither NUL characters nor halves of surrogate pairs. */
const isStorable = (value: string): boolean => !value.includes('\0') && value.isWellFormed()
const unstorable = 'must not contain NUL or broken characters'

const wholeNumber = (least: number, most: number) =>
  v.pipe(
    v.number(`must be a whole number from ${least} to ${most}`),
    v.integer(`must be a whole number from ${least} to ${most}`),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  )

export const id = wholeNumber(1, 2_147_483_647)

/** A text that is truncated: what browsers and mail programs send may be of any length. */
const cutText = (longest: number) =>
  v.pipe(
    v.string('must be a string'),
    v.check(isStorable, unstorable),
    v.transform((value) => value.slice(0, longest).toWellFormed()),
  )

const eventId = v.pipe(
  v.string('must be a UUID'),
  v.uuid('must be a UUID, for example 0190b5a4-7c1e-7cc3-9a55-0123456789ab'),
  v.toLowerCase(),
)

const longestName = 100
const tooLong = `must have at most ${longestName} characters`

export const sendId = v.pipe(
  v.string('must be a string'),
  v.trim(),
  v.maxLength(longestName, tooLong),
  v.check(isStorable, unstorable),
  v.nonEmpty('must not be empty or blank; leave it out instead'),
)

/** The newsletter that a send belongs to: a name that appears on pages and in files. */
export const newsletterName = v.pipe(
  v.string('must be a string'),
  v.trim(),
  v.maxLength(longestName, tooLong),
  v.check(isStorable, unstorable),
  v.nonEmpty('must not be empty or blank; leave it out instead'),
  v.check((name) => !/\p{Cc}/u.test(name), 'must not contain control characters'),
)

/** How many people got a send. */
export const recipientCount = wholeNumber(0, 10_000_000)

/** The body of `POST track-impression`. */
export const impressionSchema = v.strictObject({
  offer_id: id,
  variation_id: id,
  newsletter_send_id: v.nullish(sendId),
  newsletter: v.nullish(newsletterName),
  recipients: v.nullish(recipientCount, 1),
  event_id: v.nullish(eventId),
})

/** The body of `POST track-click`. */
export const clickSchema = v.strictObject({
  variation_id: id,
  referrer: v.nullish(cutText(2_000)),
  user_agent: v.nullish(cutText(500)),
  ip_address: v.nullish(
    v.pipe(
      v.string('must be a string'),
      v.check((value) => isIP(value) !== 0, 'must be an IPv4 or IPv6 address'),
    ),
  ),
  event_id: v.nullish(eventId),
})

export type ImpressionSubmission = v.InferOutput<typeof impressionSchema>
export type ClickSubmission = v.InferOutput<typeof clickSchema>
