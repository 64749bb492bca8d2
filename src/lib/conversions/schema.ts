import { isIP } from 'node:net'
import * as v from 'valibot'
import { conversionStatuses } from '../model/event.ts'
import { eventOfClickId, timeOfEvent } from '../tracking/click-id.ts'
import { id, sendId } from '../tracking/schemas.ts'

const currencies: readonly string[] = Intl.supportedValuesOf('currency')

/** A JSON number is exact up to fifteen digits. */
const asText = v.pipe(
  v.union([v.string(), v.number()], 'must be a decimal number'),
  v.transform((value) => `${value}`),
)

/** A decimal number, kept digit by digit. */
export const amount = v.pipe(
  asText,
  v.check((text) => !text.startsWith('-'), 'must not be negative; a refund is the status rejected'),
  v.check(
    (text) => /^(0|[1-9]\d{0,11})(\.\d{1,6})?$/.test(text),
    'must be a decimal number such as 12.50, with at most 12 digits before the point and 6 after it',
  ),
)

export const currency = v.pipe(
  v.string('must be a string'),
  v.toUpperCase(),
  v.check((code) => currencies.includes(code), 'must be an ISO 4217 currency code, for example EUR'),
)

/** Whether a text may be the address of a person, also where it is encoded for a URL, once or more often. */
const isAddress = (text: string): boolean => /@|%(25)*40/.test(text.normalize('NFKC')) || isIP(text) > 0

/** No blanks and no "@", so that neither names nor addresses are accepted. */
export const externalId = v.pipe(
  v.string('must be a string'),
  v.trim(),
  v.check((text) => !isAddress(text), 'looks like an e-mail or IP address: send the id of the sale'),
  v.check(
    (text) => /^[\x21-\x7e]{1,100}$/.test(text),
    'must be 1 to 100 letters, digits and other characters without spaces: the id of the sale',
  ),
)

export const sourceName = v.pipe(
  v.string('must be a string'),
  v.toLowerCase(),
  v.check(
    (name) => /^[a-z0-9][a-z0-9_.-]{0,49}$/.test(name) && !isAddress(name),
    'must be 1 to 50 letters, digits, "_", "-" or ".": the name of the network',
  ),
)

const sendOfText = v.pipe(
  sendId,
  v.check((text) => !isAddress(text), 'looks like an e-mail or IP address: send the id of the newsletter'),
)

/** The click, by the id that its redirect passed on. */
export const clickId = v.pipe(
  v.string('must be a string'),
  v.trim(),
  v.transform((text) => eventOfClickId(text)),
  v.string('must be the 26 letters and digits that the redirect passed on'),
  v.transform((eventId) => ({ eventId, at: timeOfEvent(eventId) })),
)

const time = 'must be a time with its zone, for example 2026-11-18T12:00:00Z'
export const occurredAt = v.pipe(
  v.string(time),
  v.regex(/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/, time),
  v.check(isDay, time),
  v.transform((text) => Date.parse(text)),
  v.number(time),
)

/** JavaScript reads 31 February as 3 March. */
function isDay(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number)
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day
}

export const status = v.picklist(conversionStatuses, 'must be pending, approved or rejected')

/** The body of `POST track-conversion`. */
export const conversionSchema = v.strictObject({
  external_id: externalId,
  source: v.nullish(sourceName),
  click_id: v.nullish(clickId),
  variation_id: v.nullish(id),
  newsletter_send_id: v.nullish(sendOfText),
  amount,
  currency,
  status: v.nullish(status, 'approved'),
  occurred_at: v.nullish(occurredAt),
})

export type ConversionReport = v.InferOutput<typeof conversionSchema>
