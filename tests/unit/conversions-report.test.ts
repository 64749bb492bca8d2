import * as v from 'valibot'
import { beforeEach, describe, expect, test } from 'vitest'
import { fail, ok } from '../../src/lib/base/result.ts'
import { findConversionFaults, reportConversion } from '../../src/lib/conversions/report-conversion.ts'
import { conversionSchema } from '../../src/lib/conversions/schema.ts'
import { readJson } from '../../src/lib/http/read.ts'
import type { TrackingEvent } from '../../src/lib/model/event.ts'
import { clickIdOf } from '../../src/lib/tracking/click-id.ts'
import { createEventIds } from '../../src/lib/tracking/event-id.ts'
import { handingOver } from '../support/click-parts.ts'

const noon = Date.UTC(2026, 10, 18, 12)
const clickEvent = '019a96e8-4c00-7121-a121-121212121212'
const clicked = clickIdOf(clickEvent)
const report = { external_id: 'order-1', click_id: clicked, amount: '12.50', currency: 'EUR' }

let accepted: TrackingEvent[]
let recorded: number
beforeEach(() => {
  accepted = []
  recorded = 0
})

const count = () => {
  recorded += 1
}
type Given = Parameters<typeof reportConversion>[0]
const parts = (
  changes: { settled?: 'other_click' | 'rejected' | 'pending' | 'committed'; lost?: true } = {},
): Given => ({
  ...{ months: 13, onRecorded: count, now: () => noon, newEventId: createEventIds() },
  variations: { peek: (id) => (id === 42 ? variation : undefined) },
  findVariation: async (id) =>
    id === 44 ? ok(variation) : id === 45 ? fail({ code: 'unavailable', message: '' }) : ok(undefined),
  offerExists: async () => true,
  buffer: {
    ...handingOver(() => {}),
    async accept(event) {
      accepted.push(event)
      return changes.lost ? 'lost' : 'journaled'
    },
  },
  flusher: {
    arrived: () => {},
    settled: async () => changes.settled ?? 'committed',
    drained: async () => true,
    stop: async () => {},
    lastFlush: undefined,
  },
  ...unused,
})
const variation = { variation_id: 42, offer_id: 4, link_slug: null, former_slugs: [] }
const never = (): never => {
  throw new Error('nobody asks')
}
const unused = {
  unchecked: { admit: never, judged: never, overflowing: false },
  networkOf: never,
  salts: { hashAt: never, refresh: never },
  strangers: never,
  agentOf: never,
  classifier: { classify: never, noteSend: never, fade: never },
  underWay: new Map<string, string>(),
}

/** What a body comes to, as the endpoint reads it. */
async function tell(body: unknown, changes: Parameters<typeof parts>[0] = {}) {
  const request = new Request('http://site.example', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const given = parts(changes)
  const read = await readJson(request, conversionSchema, (faulty) => findConversionFaults(given, faulty))
  return read.ok ? await reportConversion(given, read.value) : read.fault
}
const faultsOf = async (body: unknown) => (await tell(body))?.details

describe('a conversion', () => {
  test('is recorded as reported', async () => {
    const body = {
      ...{ ...report, click_id: clicked.toUpperCase(), source: 'Awin', currency: 'eur' },
      ...{ status: 'pending', occurred_at: '2026-11-18T10:30:00+02:00' },
    }
    expect(await tell(body)).toBeUndefined()
    expect(accepted).toEqual([
      {
        ...{ kind: 'conversion', event_id: expect.any(String), caller_key: false, at: noon },
        ...{ source: 'awin', external_id: 'order-1', click_id: clickEvent, clicked_at: 0x019a96e84c00 },
        ...{ variation_id: null, newsletter_send_id: null, amount: '12.50', currency: 'EUR' },
        ...{ status: 'pending', occurred_at: Date.UTC(2026, 10, 18, 8, 30) },
      },
    ])
    expect(recorded).toBe(1)
  })

  test('of a text may name its send; omitted fields have defaults', async () => {
    for (const variation_id of [42, 44, 45]) {
      const { click_id: _, ...rest } = report
      expect(await tell({ ...rest, amount: 12.5, variation_id, newsletter_send_id: 'a' })).toBeUndefined()
    }
    expect(accepted[0]).toMatchObject({
      ...{ variation_id: 42, newsletter_send_id: 'a', click_id: null, clicked_at: null },
      ...{ source: '', amount: '12.5', status: 'approved', occurred_at: noon },
    })
  })

  test.each([
    'Ann Smith <ann@mail.example>',
    'ann@mail.example',
    'ann%40mail.example',
    'ann%2540mail.example',
    'ann＠mail.example',
    '203.0.113.7',
    '2001:db8::7',
  ])('has no place for the address %s', async (address) => {
    const { click_id: _, ...ofText } = { ...report, variation_id: 42, newsletter_send_id: 'daily' }
    for (const field of ['external_id', 'source', 'newsletter_send_id', 'currency', 'amount', 'status'])
      expect(await faultsOf({ ...ofText, [field]: address }), field).toMatchObject({
        [field]: expect.any(String),
      })
    expect(await faultsOf({ ...report, click_id: address })).toMatchObject({ click_id: expect.any(String) })
    expect(await faultsOf({ ...ofText, newsletter_send_id: address })).toMatchObject({
      newsletter_send_id: 'looks like an e-mail or IP address: send the id of the newsletter',
    })
    expect(accepted).toEqual([])
  })

  test.each<[string, object, Record<string, string>]>([
    ['a name', { customer: 'Ann' }, { customer: 'is not a known field; remove it' }],
    ['an e-mail address', { email: 'a@b.example' }, { email: 'is not a known field; remove it' }],
    [
      'an e-mail as its id',
      { external_id: 'ann@mail.example' },
      { external_id: expect.stringContaining('e-mail') },
    ],
    [
      'an encoded one',
      { external_id: 'ann%40mail.example' },
      { external_id: expect.stringContaining('e-mail') },
    ],
    [
      'a name as its id',
      { external_id: 'Ann Smith' },
      { external_id: expect.stringContaining('without spaces') },
    ],
    ['a long id', { external_id: 'x'.repeat(101) }, { external_id: expect.stringContaining('1 to 100') }],
    [
      'a source that is none',
      { source: 'Ann Smith' },
      { source: expect.stringContaining('name of the network') },
    ],
    ['a click id that is none', { click_id: 'x' }, { click_id: expect.stringContaining('26 letters') }],
    ['a negative amount', { amount: -1 }, { amount: expect.stringContaining('rejected') }],
    ['an amount with a comma', { amount: '1,50' }, { amount: expect.stringContaining('12.50') }],
    ['an amount without an end', { amount: '1.0000001' }, { amount: expect.stringContaining('12.50') }],
    ['a huge number', { amount: 1e21 }, { amount: expect.stringContaining('12.50') }],
    ['no currency of the world', { currency: 'EURO' }, { currency: expect.stringContaining('ISO 4217') }],
    ['another status', { status: 'paid' }, { status: 'must be pending, approved or rejected' }],
    [
      'a day that is none',
      { occurred_at: '2026-02-30T00:00:00Z' },
      { occurred_at: expect.stringContaining('zone') },
    ],
    [
      'an hour that is none',
      { occurred_at: '2026-02-20T25:00:00Z' },
      { occurred_at: expect.stringContaining('zone') },
    ],
    [
      'a time without a zone',
      { occurred_at: '2026-11-18T12:00:00' },
      { occurred_at: expect.stringContaining('zone') },
    ],
    [
      'times to come',
      { occurred_at: '2026-11-20T12:00:00Z' },
      { occurred_at: expect.stringContaining('future') },
    ],
    [
      'times long past',
      { occurred_at: '2025-09-30T12:00:00Z' },
      { occurred_at: expect.stringContaining('before 2025-10-01') },
    ],
    [
      'a text beside the click',
      { variation_id: 42 },
      { variation_id: expect.stringContaining('send only one of them') },
    ],
    [
      'a send beside the click',
      { newsletter_send_id: 'a' },
      { newsletter_send_id: expect.stringContaining('leave it out') },
    ],
    ['neither click nor text', { click_id: null }, { click_id: expect.stringContaining('or variation_id') }],
    [
      'an unknown text',
      { click_id: null, variation_id: 999 },
      { variation_id: 'Variation ID 999 does not exist' },
    ],
    [
      'several faults',
      { click_id: null, amount: 'x', variation_id: 999 },
      { amount: expect.any(String), variation_id: 'Variation ID 999 does not exist' },
    ],
    [
      'a send beside a click, and more',
      { amount: 'x', newsletter_send_id: 'a' },
      { amount: expect.any(String), newsletter_send_id: expect.any(String) },
    ],
  ])('with %s is refused', async (_, changes, faults) => {
    expect(await faultsOf({ ...report, ...changes })).toEqual(faults)
    expect(accepted).toEqual([])
  })

  test('that is not an object is refused', async () => {
    expect(await faultsOf('x')).toEqual({ body: 'must be a JSON object' })
    expect(await findConversionFaults(parts(), null)).toEqual({})
  })

  test('that is not recorded is reported by its id', async () => {
    expect(await tell(report, { settled: 'other_click' })).toEqual({
      error: 'conversion_differs',
      details: {
        external_id: expect.stringContaining('another click or text; give each conversion its own'),
      },
    })
    expect(await tell(report, { settled: 'pending' })).toMatchObject({
      error: 'tracking_failed',
      fields: { external_id: 'order-1', queued: true },
    })
    expect(await tell(report, { lost: true })).toMatchObject({
      fields: { external_id: 'order-1', queued: false },
    })
    const { click_id: _, ...rest } = report
    expect(await tell({ ...rest, variation_id: 42 }, { settled: 'rejected' })).toMatchObject({
      details: { variation_id: 'Variation ID 42 does not exist' },
    })
    expect(recorded).toBe(0)
  })
})

test('every currency that JavaScript knows is accepted', () => {
  const body = { ...report, currency: 'CHF' }
  expect(v.is(conversionSchema, body)).toBe(true)
})
