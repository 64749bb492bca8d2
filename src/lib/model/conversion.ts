import * as v from 'valibot'
import { count, described, id, rate } from './report-fields.ts'

const amount = v.pipe(v.string(), v.regex(/^-?\d+(\.\d+)?$/))
const interval = v.exactOptional(
  described(v.nullable(v.tuple([v.number(), v.number()])), '95 % interval, low and high; not for a send.'),
)

/** Conversions of one thing in one currency. */
export const conversionRowSchema = v.object({
  of: described(
    v.picklist(['all', 'newsletter', 'offer', 'text', 'send', 'unattributed']),
    'What the row is for; `unattributed` are those whose click was never found.',
  ),
  offer_id: v.exactOptional(id),
  variation_id: v.exactOptional(id),
  newsletter_send_id: v.exactOptional(v.string()),
  newsletter: v.exactOptional(described(v.string(), 'Empty for the list without a name.')),
  currency: described(v.string(), 'ISO 4217 code; amounts are not converted.'),
  conversions: described(count, 'Pending and approved ones.'),
  pending: described(count, 'Those of them that are pending.'),
  rejected: described(count, 'Not among the conversions.'),
  conversion_rate: described(rate, 'Conversions per hundred clicks by people.'),
  conversion_rate_interval: interval,
  revenue: described(amount, 'Exact sum of the conversions.'),
  pending_revenue: described(amount, 'Exact sum of the pending ones.'),
  epc: described(rate, 'Revenue per click by people.'),
  epc_interval: interval,
  rpm: described(rate, 'Revenue per thousand recipients.'),
  rpm_interval: interval,
})

/** Conversions of one thing in one currency. */
export type ConversionRow = v.InferOutput<typeof conversionRowSchema>
