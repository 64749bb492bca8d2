import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../src/lib/database/database.ts'
import type { Click } from '../../src/lib/model/event.ts'
import { purge } from '../../src/lib/operations/purge.ts'
import { settle } from '../../src/lib/operations/settle.ts'
import { peopleOf } from '../../src/lib/reports/people.ts'
import { parseQuery } from '../../src/lib/reports/query.ts'
import { readReport } from '../../src/lib/reports/read-report.ts'
import type { PeopleRow } from '../../src/lib/store/report-people.ts'
import {
  createTestDatabase,
  emptyDatabase,
  findDrift,
  insertPromos,
  type TestDatabase,
} from '../support/database.ts'
import { aClick, aHash, anImpression } from '../support/events.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'

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
afterEach(() => emptyDatabase(store.sql))

const hour = 3_600_000
/** Hashes of one month say nothing of another month's. */
const hashOf = (visitor: number, at: number) => aHash(visitor + 1_000 * new Date(at).getUTCMonth())

const click = (visitor: number, day: string, variation_id = 42, changes: Partial<Click> = {}) => {
  const at = Date.parse(`${day}T12:00:00Z`)
  return aClick({
    at,
    variation_id,
    offer_id: variation_id === 50 ? 5 : 4,
    ip_hash: hashOf(visitor, at),
    ...changes,
  })
}

async function settled(clicks: Click[], batch = 1_000) {
  for (let start = 0; start < clicks.length; start += batch) {
    await recordClicks(store.sql, clicks.slice(start, start + batch))
    await settle(database, { age: 0 })
  }
}

async function read(query: string) {
  const parsed = parseQuery(
    new URLSearchParams(`${query}&include_variations=true`),
    Date.parse('2026-11-28T12:00:00Z'),
  )
  if (!parsed.ok) return expect.fail(JSON.stringify(parsed.fault))
  const turn = async () => {}
  const report = await readReport({ database, turn, judge: () => expect.fail('no evidence') }, parsed.value)
  if (!report.ok) return expect.fail(JSON.stringify(report.fault))
  const { summary, previous, offers, variations = [], people_since } = report.value
  return {
    all: summary.people,
    before: previous?.people,
    offers: Object.fromEntries(offers.map(({ offer_id, people }) => [offer_id, people])),
    texts: Object.fromEntries(variations.map(({ variation_id, people }) => [variation_id, people])),
    since: people_since,
  }
}

describe('people of a period', () => {
  test('are different ones, of everything, an offer and a text, each once a calendar month', async () => {
    await settled([
      ...[1, 2, 3].map((visitor) => click(visitor, '2026-10-05')),
      ...[1, 2].map((visitor) => click(visitor, '2026-10-09', 43)),
      click(1, '2026-10-31', 50),
      click(1, '2026-11-02', 50),
      click(9, '2026-11-02', 42),
    ])
    expect(await findDrift(store.sql)).toEqual([])
    expect(await read('from=2026-10-01&to=2026-10-31')).toMatchObject({
      all: 3,
      before: 0,
      offers: { 4: 3, 5: 1 },
      texts: { 42: 3, 43: 2, 50: 1 },
    })
    expect(await read('from=2026-10-06&to=2026-11-30')).toMatchObject({
      all: 4,
      before: 3,
      offers: { 4: 3, 5: 2 },
      texts: { 42: 1, 43: 2, 50: 2 },
    })
    expect(await read('days=all')).toMatchObject({ all: 5, offers: { 4: 4, 5: 2 } })
    expect(await read('from=2026-10-01&to=2026-10-31&variation_id=43')).toMatchObject({
      all: 2,
      offers: { 4: 2 },
    })
    expect(await read('from=2026-10-01&to=2026-10-31&offer_id=5')).toMatchObject({ all: 1 })
  })

  test('are the same in whatever order and batches clicks are settled', async () => {
    const clicks = [
      click(1, '2026-10-20'),
      click(1, '2026-10-02'),
      click(1, '2026-10-11', 43),
      click(1, '2026-10-11', 42),
      click(2, '2026-10-31', 50),
      click(2, '2026-10-01', 50),
    ]
    await settled(clicks, 1)
    expect(await findDrift(store.sql)).toEqual([])
    const days = ['2026-10-01', '2026-10-02', '2026-10-11', '2026-10-12', '2026-10-20', '2026-10-31']
    const found = []
    for (const [place, from] of days.entries())
      for (const to of days.slice(place)) found.push((await read(`from=${from}&to=${to}`)).all)
    expect(found).toEqual([1, 2, 2, 2, 2, 2, 1, 1, 1, 1, 2, 1, 1, 1, 2, 0, 1, 2, 1, 2, 1])
  })

  test('of a newsletter are those who clicked on its sends', async () => {
    const sent = (name: string, newsletter: string | null, variation_id: number) =>
      anImpression({
        newsletter_send_id: name,
        newsletter,
        variation_id,
        at: Date.parse('2026-10-01T06:00:00Z'),
      })
    await recordImpressions(store.sql, [sent('a', 'daily', 42), sent('b', 'weekly', 43)])
    await settled([
      ...[1, 2, 3].map((visitor) => click(visitor, '2026-10-05')),
      ...[3, 4].map((visitor) => click(visitor, '2026-10-06', 43)),
      click(1, '2026-10-07', 50),
    ])
    expect(await findDrift(store.sql)).toEqual([])
    const october = 'from=2026-10-01&to=2026-10-31'
    expect(await read(october)).toMatchObject({ all: 4, offers: { 4: 4, 5: 1 } })
    expect(await read(`${october}&newsletter=daily`)).toMatchObject({ all: 3, texts: { 42: 3 } })
    expect(await read(`${october}&newsletter=weekly`)).toMatchObject({ all: 2, offers: { 4: 2 } })
    expect(await read(`${october}&newsletter=`)).toMatchObject({ all: 1, offers: { 5: 1 } })
  })

  test('are those of final clicks by people, not of machines, duplicates and self-tests', async () => {
    await store.sql`update promo_offers set offer_type = 'self_test' where id = 5`
    await settled([
      click(1, '2026-10-05'),
      click(1, '2026-10-05', 42, { at: Date.parse('2026-10-05T12:00:03Z') }),
      click(2, '2026-10-05', 42, { verdict: 'machine', reason: 'prefetch' }),
      click(3, '2026-10-05', 50),
    ])
    expect(await read('from=2026-10-01&to=2026-10-31')).toMatchObject({ all: 1, offers: { 4: 1 } })
  })

  test('of whom nothing is stored are assumed to return as often as others', async () => {
    const unkept = (day: string, variation_id: number, newcomer: boolean | null) =>
      click(0, day, variation_id, { ip_hash: null, newcomer })
    await settled([
      // Two people on three texts and days each, and as many visits by people who are not kept.
      ...[1, 2].flatMap((visitor) => [
        click(visitor, '2026-10-05'),
        click(visitor, '2026-10-06', 43),
        click(visitor, '2026-10-07', 50),
      ]),
      ...[1, 2].flatMap(() => [
        unkept('2026-10-05', 42, true),
        unkept('2026-10-06', 43, true),
        unkept('2026-10-07', 50, true),
      ]),
      unkept('2026-10-05', 42, false),
      unkept('2026-10-05', 42, null),
    ])
    expect(await findDrift(store.sql)).toEqual([])
    expect(await read('from=2026-10-01&to=2026-10-31')).toMatchObject({
      all: 4,
      offers: { 4: 4, 5: 4 },
      texts: { 42: 4, 43: 4, 50: 4 },
    })
    expect(peopleOf([[null, null, 0, 0, 3]], {}, 10)).toBe(3)
    expect(peopleOf([[null, null, 9, 9, 3]], {}, 10)).toBe(10)
    expect(peopleOf([], {}, 10)).toBe(0)
  })

  test('are never fewer on the whole than in a part, nor more than in all parts', () => {
    const few: PeopleRow[] = [
      [null, null, 10, 105, 100],
      [1, null, 5, 5, 100],
      [1, 11, 5, 5, 100],
      [2, null, 5, 100, 0],
    ]
    expect(peopleOf(few, { offer_id: 1 }, 1_000)).toBe(105)
    expect(peopleOf(few, {}, 1_000)).toBe(105)
    const many: PeopleRow[] = [
      [null, null, 55, 100, 100],
      [1, null, 5, 50, 100],
      [2, null, 50, 50, 0],
    ]
    expect(peopleOf(many, {}, 1_000)).toBe(65)
    // Without the row of a text that was deleted.
    const left: PeopleRow[] = [
      [null, null, 20, 40, 20],
      [1, null, 20, 40, 20],
      [1, 11, 6, 6, 0],
    ]
    expect(peopleOf(left, {}, 1_000)).toBe(30)
    expect(peopleOf(left, { offer_id: 1 }, 1_000)).toBe(30)
  })

  test('are deleted with their text, as its clicks are', async () => {
    await settled([click(1, '2026-10-05'), click(2, '2026-10-05', 43)])
    await store.sql`delete from promo_text_variations where id = 42`
    expect(await read('from=2026-10-01&to=2026-10-31')).toMatchObject({ all: 1, texts: { 43: 1 } })
  })

  test('cannot be identified from stored data once their month is over', async () => {
    await settled([click(1, '2026-10-05'), click(1, '2026-11-05')])
    const months = async () =>
      (await store.sql`select month::text from promo_visits order by month`).map(({ month }) => month)
    const retention = { PROMO_RETAIN_DETAILS_DAYS: 30, PROMO_RETAIN_EVENTS_MONTHS: 13 }
    await purge(database, Date.parse('2026-11-01T23:00:00Z'), retention)
    expect(await months()).toEqual(['2026-10-01', '2026-11-01'])
    await purge(database, Date.parse('2026-11-01T23:00:00Z') + 2 * hour, retention)
    expect(await months()).toEqual(['2026-11-01'])
    expect((await read('from=2026-10-01&to=2026-11-30')).all).toBe(2)
    expect((await read('from=2026-09-01&to=2026-11-30')).since).toBe('2026-10-05')
  })
})
