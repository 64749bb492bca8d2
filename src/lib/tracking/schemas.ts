import { isIP } from 'node:net'
import * as v from 'valibot'

const text = (longest: number) =>
  v.pipe(
    v.string('must be a text'),
    v.maxLength(longest, `must have at most ${longest} characters`),
    // PostgreSQL stores neither NUL characters nor halves of surrogate pairs.
    v.check(
      (value) => !value.includes('\0') && value.isWellFormed(),
      'must not contain NUL or broken characters',
    ),
  )

const wholeNumber = (most: number) =>
  v.pipe(
    v.number(`must be a whole number from 1 to ${most}`),
    v.integer(`must be a whole number from 1 to ${most}`),
    v.minValue(1, 'must be at least 1'),
    v.maxValue(most, `must be at most ${most}`),
  )

const id = wholeNumber(2_147_483_647)

const eventId = v.pipe(
  v.string('must be a UUID'),
  v.uuid('must be a UUID, for example 0190b5a4-7c1e-7cc3-9a55-0123456789ab'),
  v.toLowerCase(),
)

export const sendId = v.pipe(text(100), v.nonEmpty('must not be empty; leave it out instead'))

/** The body of `POST track-impression`. */
export const impressionSchema = v.strictObject({
  offer_id: id,
  variation_id: id,
  newsletter_send_id: v.nullish(sendId),
  recipients: v.nullish(wholeNumber(10_000_000), 1),
  event_id: v.nullish(eventId),
})

/** The body of `POST track-click`. */
export const clickSchema = v.strictObject({
  variation_id: id,
  referrer: v.nullish(text(500)),
  user_agent: v.nullish(text(500)),
  ip_address: v.nullish(
    v.pipe(
      v.string('must be a text'),
      v.check((value) => isIP(value) !== 0, 'must be an IPv4 or IPv6 address'),
    ),
  ),
  event_id: v.nullish(eventId),
})

export type ImpressionReport = v.InferOutput<typeof impressionSchema>
export type ClickReport = v.InferOutput<typeof clickSchema>
