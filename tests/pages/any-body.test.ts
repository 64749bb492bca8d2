import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findDrift } from '../support/database.ts'
import { type ApiSite, runApiSite } from './api-site.ts'
import { ask, untilFlushed } from './running-site.ts'

let api: ApiSite
beforeAll(async () => {
  api = await runApiSite()
})
afterAll(() => api?.end())

describe('whatever is sent, the answer is never a server error', () => {
  const expected = [204, 200, 400, 401, 404, 413, 415, 429]
  const runs = { numRuns: 150 }
  const text = fc.string({ unit: 'binary', maxLength: 120 })
  /** Mostly valid values, else anything. */
  const mostly = <Value>(value: fc.Arbitrary<Value>) =>
    fc.oneof({ arbitrary: value, weight: 9 }, { arbitrary: fc.anything({ maxDepth: 1 }), weight: 1 })
  const fields = {
    event_id: mostly(fc.uuid()),
    referrer: mostly(text),
    user_agent: mostly(text),
    ip_address: mostly(fc.oneof(fc.ipV4(), fc.ipV6())),
    newsletter_send_id: mostly(text),
    recipients: mostly(fc.integer({ min: 1, max: 10_000_000 })),
  }
  const { newsletter_send_id, recipients, event_id, ...ofClick } = fields
  const variation_id = mostly(fc.constantFrom(42, 43, 44))
  const reports = {
    'track-click': fc.record({ variation_id, event_id, ...ofClick }, { requiredKeys: ['variation_id'] }),
    'track-impression': fc.record(
      { offer_id: mostly(fc.constant(4)), variation_id, event_id, newsletter_send_id, recipients },
      { requiredKeys: ['offer_id', 'variation_id'] },
    ),
  }
  const written = (value: unknown) =>
    JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part))

  test.each(['track-click', 'track-impression'] as const)('%s', async (endpoint) => {
    const body = fc.oneof(
      { arbitrary: reports[endpoint].map(written), weight: 3 },
      { arbitrary: fc.json(), weight: 1 },
      { arbitrary: text, weight: 1 },
    )
    const statuses = new Set<number>()
    await fc.assert(
      fc.asyncProperty(body, async (sent) => {
        const headers = { ...api.fresh(), 'content-type': 'application/json' }
        const { status } = await ask(api.site, `/api/v1/promo/${endpoint}`, {
          method: 'POST',
          headers,
          body: sent,
        })
        statuses.add(status)
        expect(expected).toContain(status)
      }),
      runs,
    )
    expect([...statuses].sort()).toEqual([204, 400])
  })

  test('select-random', async () => {
    const query = fc.oneof(
      fc.webQueryParameters(),
      fc
        .record(
          {
            strategy: fc.constantFrom('weighted', 'ctr_weighted', 'x'),
            newsletter_send_id: fc.string({ unit: 'binary', maxLength: 120 }),
          },
          { requiredKeys: [] },
        )
        .map((parts) => new URLSearchParams(parts).toString()),
    )
    const statuses = new Set<number>()
    await fc.assert(
      fc.asyncProperty(query, async (text) => {
        const { status } = await api.select(`?${text}`)
        statuses.add(status)
        expect(expected).toContain(status)
      }),
      runs,
    )
    expect(statuses).toEqual(new Set([200, 400]))
  })
})

test('rows, counters and rollups agree at the end', async () => {
  await untilFlushed(api.site)
  expect(await api.rowCount()).toBeGreaterThan(0)
  expect(await findDrift(api.sql)).toEqual([])
})
