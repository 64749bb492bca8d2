import * as v from 'valibot'
import { expect, test } from 'vitest'
import type { ClickSubmission, ConversionSubmission, ImpressionSubmission } from '../../src/client.ts'
import { conversionSchema } from '../../src/lib/conversions/schema.ts'
import { clickIdOf } from '../../src/lib/tracking/click-id.ts'
import { clickSchema, impressionSchema } from '../../src/lib/tracking/schemas.ts'

// What a program may write by these types is what the endpoints take; the check of types fails where it may not.
test('the types of bodies match the endpoints’ schemas', () => {
  const impression: ImpressionSubmission = { offer_id: 4, variation_id: 42, newsletter_send_id: '2026-01-02' }
  const click: ClickSubmission = { variation_id: 42, ip_address: null }
  const conversion: ConversionSubmission = {
    external_id: 'order-1',
    click_id: clickIdOf('0190b5a4-7c1e-7cc3-9a55-0123456789ab'),
    amount: 12.5,
    currency: 'EUR',
    occurred_at: '2026-01-02T03:04:05Z',
  }
  const ofText: ConversionSubmission = {
    ...{ external_id: 'order-2', variation_id: 42, newsletter_send_id: '2026-01-02' },
    ...{ amount: '12.50', currency: 'EUR', status: 'pending' },
  }
  for (const [schema, body] of [
    [impressionSchema, impression],
    [clickSchema, click],
    [conversionSchema, conversion],
    [conversionSchema, ofText],
  ] as const) {
    expect(v.safeParse(schema, body).issues).toBeUndefined()
  }
})
