import * as v from 'valibot'

const told = <Schema extends v.GenericSchema>(schema: Schema, description: string) =>
  v.pipe(schema, v.description(description))

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const id = v.pipe(v.number(), v.integer(), v.minValue(1))
const rate = v.nullable(v.number())
const amount = v.pipe(v.string(), v.regex(/^-?\d+(\.\d+)?$/))
const interval = v.exactOptional(
  told(v.nullable(v.tuple([v.number(), v.number()])), '95 % interval, low and high; not for a send.'),
)

/** Conversions of one thing in one currency. */
export const conversionRowSchema = v.object({
  of: told(
    v.picklist(['all', 'newsletter', 'offer', 'text', 'send', 'unattributed']),
    'What the row is for; `unattributed` are those whose click was never found.',
  ),
  offer_id: v.exactOptional(id),
  variation_id: v.exactOptional(id),
  newsletter_send_id: v.exactOptional(v.string()),
  newsletter: v.exactOptional(told(v.string(), 'Empty for the list without a name.')),
  currency: told(v.string(), 'ISO 4217 code; amounts are not converted.'),
  conversions: told(count, 'Pending and approved ones.'),
  pending: told(count, 'Those of them that are pending.'),
  rejected: told(count, 'Not among the conversions.'),
  conversion_rate: told(rate, 'Conversions per hundred clicks by people.'),
  conversion_rate_interval: interval,
  revenue: told(amount, 'Exact sum of the conversions.'),
  pending_revenue: told(amount, 'Exact sum of the pending ones.'),
  epc: told(rate, 'Revenue per click by people.'),
  epc_interval: interval,
  rpm: told(rate, 'Revenue per thousand recipients.'),
  rpm_interval: interval,
})

/** Conversions of one thing in one currency. */
export type ConversionRow = v.InferOutput<typeof conversionRowSchema>
