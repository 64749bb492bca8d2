import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/lib/database/database.ts'
import { type ReportQuery, sections } from '../../src/lib/model/report-query.ts'
import { settle } from '../../src/lib/operations/settle.ts'
import { createTurns } from '../../src/lib/pace/event-loop-turns.ts'
import { createJudge } from '../../src/lib/reports/judge-evidence.ts'
import { readReport } from '../../src/lib/reports/read-report.ts'
import { attributeConversions } from '../../src/lib/store/conversions.ts'
import { findConversionDrift } from '../support/conversions.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick, aConversion, aHash, anImpression, ofClick } from '../support/events.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordClicks, recordConversions, recordImpressions } from '../support/record.ts'

const noon = Date.UTC(2026, 10, 10, 12)
const day = 86_400_000
let store: TestDatabase
let database: Database

beforeAll(async () => {
  store = await createTestDatabase()
  database = patientDatabase(() => store.url, 1)
  await insertPromos(store.sql)
  await recordImpressions(store.sql, [
    anImpression({ at: noon, newsletter_send_id: 'a', newsletter: 'ai', recipients: 2_000 }),
    anImpression({ at: noon, newsletter_send_id: 'b', variation_id: 50, offer_id: 5, recipients: 500 }),
  ])
  await recordClicks(store.sql, clicks)
  await settle(database, { age: 0 })
})
afterAll(async () => {
  await database?.close()
  await store?.drop()
})

const clicks = Array.from({ length: 50 }, (_, index) =>
  aClick({
    at: noon + index * 60_000,
    ip_hash: aHash(index),
    ...(index >= 40 && { offer_id: 5, variation_id: 50 }),
  }),
)
const of = (index: number) => ofClick(clicks[index] ?? aClick())

const judge = createJudge(() => noon + 5 * day, createTurns())
const read = async (changes: Partial<ReportQuery> = {}) => {
  const query: ReportQuery = {
    ...{ start: '2026-11-01', end: '2026-11-18', tz: 'UTC', counting: 'human', format: 'json' },
    include: new Set(sections),
    ...changes,
  }
  const report = await readReport({ database, judge, turn: createTurns() }, query)
  if (!report.ok) throw new Error(JSON.stringify(report.fault))
  return report.value
}

test('there are none until the first conversion arrives', async () => {
  expect(await read()).not.toHaveProperty('conversions')
})

test('they are listed by currency, of everything, newsletters, offers, texts and sends', async () => {
  await recordConversions(store.sql, [
    aConversion({ amount: '10.10', ...of(0) }),
    aConversion({ amount: '20.20', status: 'pending', ...of(1) }),
    aConversion({ amount: '99', status: 'rejected', ...of(2) }),
    aConversion({ amount: '5', currency: 'USD', ...of(3) }),
    aConversion({ amount: '7', ...of(40) }),
    aConversion({ amount: '1', occurred_at: noon - 60 * day, external_id: 'before the range' }),
    aConversion({ amount: '3', external_id: 'lost', ...ofClick(aClick({ at: noon })) }),
  ])
  await attributeConversions(store.sql, { patience: -1, limit: 100 })
  const { conversions = [] } = await read()
  const told = conversions.map(
    ({ of, offer_id, variation_id, newsletter, newsletter_send_id, currency, ...row }) => [
      [of, offer_id, variation_id, newsletter, newsletter_send_id, currency]
        .filter((part) => part !== undefined)
        .join(' '),
      ...[row.conversions, row.pending, row.rejected, row.revenue, row.conversion_rate, row.epc, row.rpm],
    ],
  )
  expect(told).toEqual([
    ['all EUR', 3, 1, 1, '37.3', 6, 0.746, 14.92],
    ['all USD', 1, 0, 0, '5', 2, 0.1, 2],
    ['newsletter ai EUR', 2, 1, 1, '30.3', null, null, null],
    ['newsletter  EUR', 1, 0, 0, '7', null, null, null],
    ['newsletter ai USD', 1, 0, 0, '5', null, null, null],
    ['offer 4 EUR', 2, 1, 1, '30.3', 5, 0.7575, 15.15],
    ['offer 5 EUR', 1, 0, 0, '7', 10, 0.7, 14],
    ['offer 4 USD', 1, 0, 0, '5', 2.5, 0.125, 2.5],
    ['text 4 42 EUR', 2, 1, 1, '30.3', 5, 0.7575, 15.15],
    ['text 5 50 EUR', 1, 0, 0, '7', 10, 0.7, 14],
    ['text 4 42 USD', 1, 0, 0, '5', 2.5, 0.125, 2.5],
    ['unattributed EUR', 1, 0, 0, '3', null, null, null],
    ['send 5 50  b EUR', 1, 0, 0, '7', 10, 0.7, 14],
    ['send 4 42 ai a EUR', 2, 1, 1, '30.3', 5, 0.7575, 15.15],
    ['send 4 42 ai a USD', 1, 0, 0, '5', 2.5, 0.125, 2.5],
  ])
  const [all] = conversions
  expect(all?.pending_revenue).toBe('20.2')
  expect(all?.conversion_rate_interval?.[0]).toBeLessThan(6)
  expect(all?.conversion_rate_interval?.[1]).toBeGreaterThan(6)
  for (const [interval, value] of [
    [all?.epc_interval, 0.746],
    [all?.rpm_interval, 14.92],
  ] as const) {
    expect(interval?.[0]).toBeLessThan(value)
    expect(interval?.[1]).toBeGreaterThan(value)
  }
})

test('they are limited to an offer, text, newsletter or range', async () => {
  const kinds = async (changes: Partial<ReportQuery>) =>
    ((await read(changes)).conversions ?? []).map(
      ({ of, currency, conversions }) => `${of} ${currency} ${conversions}`,
    )
  expect(await kinds({ offer_id: 5 })).toEqual([
    'all EUR 1',
    'newsletter EUR 1',
    'offer EUR 1',
    'text EUR 1',
    'send EUR 1',
  ])
  expect(await kinds({ variation_id: 43 })).toEqual([])
  expect((await kinds({ include: new Set(['conversions']), start: '2026-09-01' }))[0]).toBe('all EUR 4')
  const { conversions } = await read({ newsletter: 'ai', include: new Set(['conversions']) })
  expect(conversions?.map(({ of, currency, epc }) => [of, currency, epc])).toEqual([
    ['all', 'EUR', 0.7575],
    ['all', 'USD', 0.125],
    ['newsletter', 'EUR', 0.7575],
    ['newsletter', 'USD', 0.125],
    ['offer', 'EUR', 0.7575],
    ['offer', 'USD', 0.125],
    ['text', 'EUR', 0.7575],
    ['text', 'USD', 0.125],
  ])
  expect(await read({ include: new Set(['timeline']) })).not.toHaveProperty('conversions')
  expect(await kinds({ start: '2026-11-17', include: new Set(['conversions']) })).toEqual([])
})

test('the range of all time has all of them', async () => {
  const { conversions } = await readRange(undefined, '2026-11-18')
  expect(conversions?.[0]).toMatchObject({ of: 'all', conversions: 4, revenue: '38.3' })
})

test('those of a text without clicks have no rates, and a currency may only occur without a text', async () => {
  const silent = { newsletter_send_id: 'c', variation_id: 60, offer_id: 6, recipients: 5 }
  await recordImpressions(store.sql, [anImpression({ at: noon, ...silent })])
  await recordConversions(store.sql, [
    aConversion({ amount: '2', currency: 'CHF', variation_id: 43 }),
    aConversion({ amount: '3', currency: 'JPY', ...ofClick(aClick({ at: noon })) }),
    aConversion({ amount: '0', currency: 'SEK', variation_id: 60 }),
  ])
  await attributeConversions(store.sql, { patience: -1, limit: 100 })
  const { conversions = [] } = await read()
  expect(conversions.filter(({ of, variation_id }) => of === 'text' && variation_id === 43)).toMatchObject([
    {
      ...{ currency: 'CHF', conversions: 1, conversion_rate: null, epc: null, rpm: null },
      ...{ conversion_rate_interval: null, epc_interval: null, rpm_interval: null },
    },
  ])
  expect(conversions.find(({ currency }) => currency === 'JPY')).toMatchObject({
    of: 'unattributed',
    revenue: '3',
  })
  expect(conversions.find(({ currency }) => currency === 'SEK')).toMatchObject({
    ...{ of: 'all', revenue: '0', epc: 0, epc_interval: null },
  })
})

test('any range has just its own days, of whole months and of parts of them', async () => {
  const days = [
    ...['2025-12-31', '2026-01-01', '2026-01-15', '2026-01-31', '2026-02-01', '2026-02-28', '2026-03-01'],
    ...['2026-03-31', '2026-04-30'],
  ]
  await recordConversions(
    store.sql,
    days.map((one) =>
      aConversion({ external_id: `on ${one}`, currency: 'NOK', occurred_at: Date.parse(`${one}T12:00:00Z`) }),
    ),
  )
  await attributeConversions(store.sql, { patience: -1, limit: 100 })
  for (const [index, end] of days.entries())
    for (const start of [undefined, ...days.slice(0, index + 1)]) {
      const { conversions = [] } = await readRange(start, end)
      const found = conversions.find(({ of, currency }) => of === 'all' && currency === 'NOK')
      const expected = days.filter((one) => one >= (start ?? '') && one <= end).length
      expect(found?.conversions, `${start} to ${end}`).toBe(expected)
    }
  expect(await findConversionDrift(store.sql)).toEqual([])
  // A text is deleted with its sums, in any order.
  await store.sql`delete from promo_text_variations where id = 42`
  expect(await findConversionDrift(store.sql)).toEqual([])
  expect([...(await store.sql`select month from promo_monthly_conversions where variation_id = 42`)]).toEqual(
    [],
  )
})

async function readRange(start: string | undefined, end: string) {
  const query: ReportQuery = {
    ...{ end, tz: 'UTC', counting: 'all', format: 'json' },
    ...(start !== undefined && { start }),
    include: new Set(['conversions']),
  }
  const report = await readReport({ database, judge, turn: createTurns() }, query)
  if (!report.ok) throw new Error(JSON.stringify(report.fault))
  return report.value
}
