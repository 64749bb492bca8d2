import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fail, ok } from '../../src/lib/base/result.ts'
import { importCatalogue } from '../../src/lib/catalogue/import.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { recordSampleHistory } from '../../src/lib/sample/record-history.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { patientDatabase } from '../support/patient-database.ts'

const now = Date.UTC(2026, 10, 22, 15, 30)
const sample = JSON.parse(readFileSync('db/sample.json', 'utf8'))
const offers: string[] = sample.offers.map(({ name }: { name: string }) => name)

let tested: TestDatabase
let database: Database

beforeEach(async () => {
  tested = await createTestDatabase()
  database = patientDatabase(() => tested.url)
  await importCatalogue(database, sample)
})

afterEach(async () => {
  await database.close()
  await tested.drop()
})

async function recorded() {
  const [clicks] = await tested.sql<
    { clicks: number }[]
  >`select count(*)::integer as clicks from promo_click_tracking`
  const [sends] = await tested.sql<
    { sends: number }[]
  >`select count(*)::integer as sends from promo_impression_tracking`
  return { ...clicks, ...sends }
}

/** Works for the first statements, and has lost the server for the others. */
function losingServerAfter(statements: number): Database {
  let left = statements
  return {
    ...database,
    run: async (...call) => {
      left -= 1
      return left < 0 ? fail({ code: 'unavailable', message: 'gone' }) : await database.run(...call)
    },
  }
}

test('the history is counted as events always are, in partitions of its months', async () => {
  const answer = await recordSampleHistory(database, { offers, now })
  if (!answer.ok) throw new Error(answer.fault.message)
  expect(answer.value.sends).toBe(90)
  expect(answer.value.clicks).toBeGreaterThan(2_000)
  expect(await recorded()).toEqual(answer.value)
  expect(await findDrift(tested.sql)).toEqual([])
  // Sends, visitors and final verdicts are there at once, without the observation window.
  const [waiting] = await tested.sql`
    select count(*)::integer as clicks from promo_click_tracking c, promo_settlement s
    where c.id > s.click_id
  `
  expect(waiting).toEqual({ clicks: 0 })
  const [settled] =
    await tested.sql`select count(distinct impression_id)::integer as sends from promo_send_metrics`
  expect(settled).toEqual({ sends: 90 })
  const kinds = await tested.sql`select distinct reason from promo_click_tracking order by 1`
  expect(kinds.map(({ reason }) => reason)).toEqual(['none', 'prefetch', 'self_declared', 'soon_after_send'])
  const partitions =
    await tested.sql`select distinct tableoid::regclass::text as name from promo_click_tracking order by 1`
  expect(partitions.map(({ name }) => name)).toEqual(
    ['2026_08', '2026_09', '2026_10', '2026_11'].map((month) => `promo_click_tracking_${month}`),
  )
  const marked = await tested.sql`
    select count(*)::integer from promo_click_tracking
    where reason not in ('none', 'prefetch', 'self_declared', 'soon_after_send') or clicked_at >= '2026-11-22Z'
  `
  expect(marked).toEqual([{ count: 0 }])
})

test('a second time changes nothing, on a later day neither', async () => {
  await recordSampleHistory(database, { offers, now })
  const before = await recorded()
  expect(await recordSampleHistory(database, { offers, now: now + 86_400_000 })).toEqual(
    ok({ sends: 0, clicks: 0 }),
  )
  expect(await recorded()).toEqual(before)
})

test('only offers of these names get a history, only approved texts, and no paused offer', async () => {
  await insertPromos(tested.sql).catch(() => {})
  await tested.sql`insert into promo_offers (id, name) values (900, 'Real')`
  await tested.sql`insert into promo_text_variations (id, offer_id, text_content, approved)
    values (900, 900, 'Real', true)`
  await recordSampleHistory(database, { offers, now })
  const touched = await tested.sql`
    select v.id from promo_text_variations v
    join promo_offers o on o.id = v.offer_id
    where v.impressions > 0 and (o.name = 'Real' or o.weight = 0 or not v.approved)
  `
  expect(touched).toEqual([])
  const [shown] = await tested.sql`select count(*)::integer from promo_text_variations where impressions > 0`
  expect(shown?.count).toBeGreaterThan(10)
})

test('one that was interrupted is completed, and nothing counts twice', async () => {
  expect(await recordSampleHistory(losingServerAfter(5), { offers, now })).toMatchObject({
    fault: { code: 'unavailable' },
  })
  expect((await recorded()).clicks).toBe(2_000)
  const answer = await recordSampleHistory(database, { offers, now })
  expect(answer).toEqual(ok(await recorded()))
  expect(await findDrift(tested.sql)).toEqual([])
})

test.each([0, 1, 2, 3, 7])('a database that is down after %i statements is a fault', async (statements) => {
  const answer = await recordSampleHistory(losingServerAfter(statements), { offers, now })
  expect(answer).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
  expect((await recorded()).sends).toBe(0)
})

test('without variations nothing is recorded', async () => {
  expect(await recordSampleHistory(database, { offers: ['Unknown'], now })).toEqual(
    ok({ sends: 0, clicks: 0 }),
  )
})
