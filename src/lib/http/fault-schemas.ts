import * as v from 'valibot'
import { type FaultCode, statusOf } from './answer.ts'

/** Faults that name the fields at fault. */
export const byField = [
  'validation_error',
  'body_too_slow',
  'body_too_large',
  'unsupported_media_type',
  'event_id_reused',
  'newsletter_differs',
  'conversion_differs',
] as const satisfies readonly FaultCode[]

/** Every fault of the API, in the order of its status. */
export const faultCodes: readonly FaultCode[] = Object.keys(statusOf).filter(
  (code): code is FaultCode => code in statusOf,
)

const isByField = (code: FaultCode): boolean => byField.some((one) => one === code)
const message = v.pipe(v.string(), v.description('What is wrong, and what to do.'))
const id = v.pipe(v.number(), v.integer())

/** The body of an error in certain fields. */
export const fieldFaultSchema = v.object({
  error: v.picklist(byField),
  details: v.pipe(
    v.record(v.string(), v.string()),
    v.description('By field: what is wrong with it, and the remedy.'),
  ),
})

/** The body of any other error. */
export const plainFaultSchema = v.object({
  error: v.picklist(faultCodes.filter((code) => !isByField(code) && code !== 'tracking_failed')),
  message,
})

/** The body of the error for an event that was not recorded. */
export const trackingFaultSchema = v.object({
  error: v.literal('tracking_failed'),
  message,
  variation_id: v.exactOptional(id),
  offer_id: v.exactOptional(id),
  external_id: v.exactOptional(v.string()),
  queued: v.pipe(
    v.boolean(),
    v.description('true: the event is in the journal and will be recorded; do not send it again.'),
  ),
})
