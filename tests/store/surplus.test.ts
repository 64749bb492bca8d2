import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ok } from '../../src/lib/base/result.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { previewPurge, purge } from '../../src/lib/operations/purge.ts'
import { settle } from '../../src/lib/operations/settle.ts'
import { settleSurplus } from '../../src/lib/store/settle-surplus.ts'
import {
  createTestDatabase,
  emptyDatabase,
  findDrift,
  insertPromos,
  type TestDatabase,
} from '../support/database.ts'
import { aClick, anImpression, aSurplus } from '../support/events.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordClicks, recordImpressions, recordSurplus } from '../support/record.ts'

let store: TestDatabase
let database: Database

beforeAll(async () => {
  store = await createTestDatabase()
  database = patientDatabase(() => store.url)
})
afterAll(async () => {
  await database?.close()
  await store?.drop()
})
beforeEach(() => insertPromos(store.sql))
afterEach(async () => {
  expect(await findDrift(store.sql)).toEqual([])
  await emptyDatabase(store.sql)
})

const minute = 60_000
const noon = Date.UTC(2026, 10, 18, 12)
const kept = async () => [
  ...(await store.sql`select variation_id, reason, clicks, settled_clicks from promo_surplus_clicks order by 1, 2`),
]
const textOf = async (id: number) =>
  (
    await store.sql`select v.clicks::integer, o.total_clicks::integer as of_offer
      from promo_text_variations v join promo_offers o on o.id = v.offer_id where v.id = ${id}`
  )[0]

test('the highest count wins, and sums grow by the difference, in any order of arrival', async () => {
  const count = aSurplus({ clicks: 5 })
  await recordClicks(store.sql, [aClick()])
  await recordSurplus(store.sql, [count, { ...count, clicks: 2 }])
  await recordSurplus(store.sql, [count])
  expect(await textOf(42)).toEqual({ clicks: 6, of_offer: 6 })
  await recordSurplus(store.sql, [
    { ...count, clicks: 4 },
    aSurplus({ variation_id: 43, reason: 'prefetch' }),
  ])
  await recordSurplus(store.sql, [{ ...count, clicks: 9 }])
  expect(await textOf(42)).toEqual({ clicks: 10, of_offer: 11 })
  const [hour] = await store.sql`
    select clicks::integer, human_clicks::integer as human, machine_clicks::integer as machine,
      unique_clicks::integer as visitors
    from promo_performance_metrics where variation_id = 42
  `
  expect(hour).toEqual({ clicks: 10, human: 1, machine: 9, visitors: 0 })
  expect(await kept()).toEqual([
    { variation_id: 42, reason: 'flood', clicks: 9, settled_clicks: 0 },
    { variation_id: 43, reason: 'prefetch', clicks: 1, settled_clicks: 0 },
  ])
})

test('a count for a deleted text is rejected, and the others are recorded', async () => {
  const [gone, moved, good] = [aSurplus({ variation_id: 999 }), aSurplus({ offer_id: 5 }), aSurplus()]
  const rejections = await recordSurplus(store.sql, [gone, { ...gone, clicks: 2 }, moved, good])
  expect([...rejections].sort((a, b) => a.event_id.localeCompare(b.event_id))).toEqual(
    [gone, moved]
      .map(({ event_id }) => ({ event_id, reason: 'variation_gone' }))
      .sort((a, b) => a.event_id.localeCompare(b.event_id)),
  )
  expect(await kept()).toHaveLength(1)
  await store.sql`delete from promo_text_variations where id = 42`
  expect(await kept()).toEqual([])
})

test('settling adds to the send before it, to reasons and to unknown devices, late counts too', async () => {
  await recordImpressions(store.sql, [
    anImpression({ at: noon - 60 * minute, newsletter_send_id: 'first' }),
    anImpression({ at: noon, newsletter_send_id: 'second' }),
  ])
  const counts = [
    aSurplus({ at: noon - 120 * minute, clicks: 2 }),
    aSurplus({ at: noon - minute, clicks: 3 }),
    aSurplus({ at: noon + 61 * minute, clicks: 5, reason: 'self_declared' }),
  ]
  await recordSurplus(store.sql, counts)
  expect(await settle(database, { age: 60 })).toEqual(ok(0))
  expect(await settle(database, { age: 0 })).toEqual(ok(3))
  expect(await settle(database, { age: 0 })).toEqual(ok(0))
  expect(await findDrift(store.sql)).toEqual([])
  await recordSurplus(
    store.sql,
    counts.map((count) => ({ ...count, clicks: count.clicks + 10 })),
  )
  expect(await settle(database, { age: 0 })).toEqual(ok(3))
  const sends = await store.sql`
    select newsletter_send_id as send, hours, clicks::integer, human_clicks::integer as human, clickers::integer
    from promo_send_metrics join promo_impression_tracking on id = impression_id order by 1
  `
  expect([...sends]).toEqual([
    { send: 'first', hours: 0, clicks: 13, human: 0, clickers: 0 },
    { send: 'second', hours: 1, clicks: 15, human: 0, clickers: 0 },
  ])
  const reasons = await store.sql`
    select dimension, value, clicks::integer, machine_clicks::integer as machine from promo_click_breakdown
    where dimension in ('reason', 'device') order by 1, 2
  `
  expect([...reasons]).toEqual([
    { dimension: 'device', value: 'unknown', clicks: 40, machine: 40 },
    { dimension: 'reason', value: 'flood', clicks: 25, machine: 25 },
    { dimension: 'reason', value: 'self_declared', clicks: 15, machine: 15 },
  ])
})

test('settling works in batches, whatever the database’s clock was, and leaves it to whoever settles', async () => {
  await recordSurplus(store.sql, [aSurplus(), aSurplus(), aSurplus()])
  await store.sql`update promo_surplus_clicks set recorded_at = now() + interval '62 days'`
  await store.sql.begin(async (sql) => {
    await sql`select only_row from promo_settlement for update`
    expect([...(await settleSurplus(store.sql, { age: 60, limit: 2 }))]).toEqual([{ settled: 0 }])
  })
  expect([...(await settleSurplus(store.sql, { age: 60, limit: 2 }))]).toEqual([{ settled: 2 }])
  expect([...(await settleSurplus(store.sql, { age: 60, limit: 2 }))]).toEqual([{ settled: 1 }])
})

test('counts that several connections record and settle, in any order, count exactly once', async () => {
  const texts = [
    { offer_id: 4, variation_id: 42 },
    { offer_id: 4, variation_id: 43 },
    { offer_id: 5, variation_id: 50 },
  ]
  const delivery = fc.array(
    fc.array(fc.record({ of: fc.integer({ min: 0, max: 5 }), clicks: fc.integer({ min: 1, max: 9 }) }), {
      minLength: 1,
      maxLength: 6,
    }),
    { minLength: 1, maxLength: 10 },
  )
  await fc.assert(
    fc.asyncProperty(delivery, async (batches) => {
      const counts = Array.from({ length: 6 }, (_, index) =>
        aSurplus({ ...texts[index % 3], at: noon + index * minute }),
      )
      const done = await Promise.all(
        batches.flatMap((batch) => {
          const events = batch.flatMap(({ of, clicks }) => {
            const count = counts[of]
            return count ? [{ ...count, clicks }] : []
          })
          const record = () => database.run((sql) => recordSurplus(sql, events))
          return [record(), settle(database, { age: 0 }), record()]
        }),
      )
      expect(done.filter(({ ok }) => !ok)).toEqual([])
      const rows = await store.sql<{ event_id: string; clicks: number }[]>`
        select event_id, clicks from promo_surplus_clicks
        where event_id = any(${counts.map(({ event_id }) => event_id)}::uuid[])
      `
      const highest = new Map<string, number>()
      for (const { of, clicks } of batches.flat()) {
        const id = counts[of]?.event_id ?? ''
        highest.set(id, Math.max(clicks, highest.get(id) ?? 0))
      }
      expect(new Map(rows.map((row) => [row.event_id, row.clicks]))).toEqual(highest)
      expect(await findDrift(store.sql)).toEqual([])
      await settle(database, { age: 0 })
      const [left] = await store.sql`
        select count(*)::integer as counts from promo_surplus_clicks where settled_clicks <> clicks
      `
      expect(left).toEqual({ counts: 0 })
      expect(await findDrift(store.sql)).toEqual([])
    }),
    { numRuns: 20 },
  )
})

test('counts are deleted with the clicks of their month, once they are settled, and sums stay', async () => {
  const keep = { PROMO_RETAIN_DETAILS_DAYS: 30, PROMO_RETAIN_EVENTS_MONTHS: 13 }
  const now = Date.UTC(2026, 10, 18)
  const oldest = Date.UTC(2025, 9, 1)
  await recordSurplus(store.sql, [
    aSurplus({ at: oldest - 1, clicks: 7 }),
    aSurplus({ at: oldest, clicks: 2 }),
  ])
  expect(await previewPurge(database, now, keep)).toMatchObject(ok({ surplus: 0 }))
  expect(await purge(database, now, keep)).toMatchObject(ok({ surplus: 0 }))
  await settle(database, { age: 0 })
  expect(await findDrift(store.sql)).toEqual([])
  expect(await previewPurge(database, now, keep)).toMatchObject(ok({ surplus: 1 }))
  expect(await purge(database, now, keep)).toMatchObject(ok({ surplus: 1 }))
  expect(await textOf(42)).toEqual({ clicks: 9, of_offer: 9 })
  // Tests end by comparing rows with sums, so the text goes as well.
  await store.sql`delete from promo_text_variations where id = 42`
})
