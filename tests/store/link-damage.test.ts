import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { fail, ok } from '../../src/lib/base/result.ts'
import { type Database, openDatabase } from '../../src/lib/database/database.ts'
import { createLinkDamage, damageSentence } from '../../src/lib/links/link-damage.ts'
import type { Damage } from '../../src/lib/model/link.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick } from '../support/events.ts'
import { patient } from '../support/patient-database.ts'
import { recordClicks } from '../support/record.ts'

const day = Date.UTC(2026, 10, 18)
let store: TestDatabase
let database: Database
let away: boolean
let time: number
let counted: Damage[]

beforeAll(async () => {
  store = await createTestDatabase()
  await insertPromos(store.sql)
  const locate = async () => (away ? fail({ message: 'away' }) : ok(store.url))
  database = patient(openDatabase({ locate, log: createLog('silent') }))
})
afterAll(async () => {
  await database?.close()
  await store?.drop()
})
beforeEach(async () => {
  away = false
  time = day + 86_399_999
  counted = []
  await store.sql`truncate promo_link_damage`
})

const open = (from: Database = database) =>
  createLinkDamage({ database: from, now: () => time, count: (damage) => void counted.push(damage) })
const rows = () => store.sql`
  select day::text, slug, damaged::integer, unreadable::integer from promo_link_damage order by day, slug
`

describe('damaged links', () => {
  test('are added up by day and slug, over instances', async () => {
    const [one, other] = [open(), open()]
    time -= 3
    for (const damage of ['damaged', 'unreadable', 'damaged'] as const) {
      one.note('desk', damage)
      time += 1
    }
    other.note('desk', 'damaged')
    other.note('course', 'unreadable')
    time += 1
    one.note('desk', 'unreadable')
    await Promise.all([one.flush(), other.flush()])
    await one.flush()
    expect(await rows()).toEqual([
      { day: '2026-11-18', slug: 'course', damaged: 0, unreadable: 1 },
      { day: '2026-11-18', slug: 'desk', damaged: 3, unreadable: 1 },
      { day: '2026-11-19', slug: 'desk', damaged: 0, unreadable: 1 },
    ])
    expect(counted).toHaveLength(6)
  })

  test('ask the database nothing while there are none', async () => {
    let asked = 0
    const run: Database['run'] = (work, within) => {
      asked += 1
      return database.run(work, within)
    }
    const log = open({ ...database, run })
    await log.flush()
    log.note('desk', 'damaged')
    await log.flush()
    await log.flush()
    expect(asked).toBe(1)
  })

  test('wait while the database is down', async () => {
    const gone: Database = {
      ...database,
      run: async () => fail({ code: 'unavailable', message: 'away' }),
    }
    let answering = gone
    const log = createLinkDamage({
      database: { ...database, run: (work, within) => answering.run(work, within) },
      now: () => time,
      count: () => {},
    })
    log.note('desk', 'damaged')
    await log.flush()
    log.note('desk', 'damaged')
    expect(await log.describe(undefined, '2026-11-18')).toBeUndefined()
    answering = database
    await log.flush()
    expect(await rows()).toMatchObject([{ slug: 'desk', damaged: 2, unreadable: 0 }])
  })

  test('are reported for the requested days, with their clicks', async () => {
    const clicks = Array.from({ length: 30 }, (_, index) => aClick({ at: day + index }))
    await recordClicks(store.sql, [...clicks, aClick({ at: day - 1 })])
    const log = open()
    for (let click = 0; click < 20; click += 1) log.note('nocodemba', 'damaged')
    for (let click = 0; click < 10; click += 1) log.note('nocodemba', 'unreadable')
    await log.flush()
    expect(await log.describe('2026-11-18', '2026-11-18')).toMatch(
      /^30 of 40 clicks \(75 %\) .* 10 of them did not name/,
    )
    expect(await log.describe(undefined, '2026-11-30')).toMatch(/^30 of 41 clicks/)
    expect(await log.describe('2026-11-19', '2026-11-30')).toBeUndefined()
    expect(await log.describe(undefined, '2026-11-17')).toBeUndefined()
  })
})

test.each([
  [{ clicks: 1_000, damaged: 20, unreadable: 0 }, '20 of 1,000 clicks (2 %)', 'all of them are counted'],
  [{ clicks: 1_001, damaged: 20, unreadable: 0 }],
  [{ clicks: 100, damaged: 19, unreadable: 0 }],
  [
    { clicks: 0, damaged: 0, unreadable: 20 },
    '20 of 20 clicks (100 %)',
    '20 of them did not name exactly one text',
  ],
  [{ clicks: 980, damaged: 0, unreadable: 20 }, '20 of 1,000 clicks (2 %)', '20 of them'],
  [{ clicks: 981, damaged: 0, unreadable: 20 }],
  [{ clicks: 0, damaged: 0, unreadable: 0 }],
])('%j is described as %s', (sums, ...parts) => {
  const told = damageSentence(sums)
  if (parts.length === 0) expect(told).toBeUndefined()
  for (const part of parts) expect(told).toContain(part)
})
