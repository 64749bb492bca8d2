import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { fail, ok } from '../../src/lib/base/result.ts'
import { type Database, openDatabase } from '../../src/lib/database/database.ts'
import { createSalts } from '../../src/lib/privacy/salts.ts'
import { deleteOldSalts } from '../../src/lib/store/retention.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

const log = createLog('silent')
const hour = 3_600_000
const november = Date.UTC(2026, 10, 18, 12)
const december = Date.UTC(2026, 11, 1)
let store: TestDatabase
let database: Database
let now: number

beforeEach(async () => {
  store = await createTestDatabase()
  database = openDatabase({ locate: async () => ok(store.url), log })
  now = november
})
afterEach(async () => {
  vi.restoreAllMocks()
  await database.close()
  await store.drop()
})

const saltsOf = (from: Database) => createSalts({ database: from, now: () => now, log })

const months = async () =>
  (await store.sql`select month::text from promo_hash_salts order by month`).map(({ month }) => month)

/** What distinguishes salts; none without a salt. */
const hashAt = (salts: ReturnType<typeof createSalts>, time: number) =>
  salts.hashAt(time)?.('203.0.113.7', 'Mozilla/5.0').visitor

test('a month has one salt, however many instances ask for it first', async () => {
  const instances = Array.from({ length: 10 }, () =>
    openDatabase({ locate: async () => ok(store.url), log, connections: 1 }),
  )
  const all = instances.map(saltsOf)
  await Promise.all(all.map((salts) => salts.refresh()))
  const hashes = new Set(all.map((salts) => hashAt(salts, now)))
  expect(hashes.size).toBe(1)
  expect([...hashes]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
  expect(await months()).toEqual(['2026-11-01'])
  const [stored] = await store.sql`select length(salt) as bytes from promo_hash_salts`
  expect(stored?.bytes).toBe(32)
  await Promise.all(instances.map((instance) => instance.close()))
})

test('the stored salt stays the same', async () => {
  const first = saltsOf(database)
  await first.refresh()
  const hash = hashAt(first, now)
  await first.refresh()
  const second = saltsOf(database)
  await second.refresh()
  expect([hashAt(first, now), hashAt(second, now)]).toEqual([hash, hash])
})

test('the next month has a salt of its own, fetched from a day before', async () => {
  const salts = saltsOf(database)
  now = december - 24 * hour - 1
  await salts.refresh()
  expect(await months()).toEqual(['2026-11-01'])
  now = december - 24 * hour
  await salts.refresh()
  expect(await months()).toEqual(['2026-11-01', '2026-12-01'])
  const last = hashAt(salts, december - 1)
  const first = hashAt(salts, december)
  expect(first).toBeDefined()
  expect(last).toBeDefined()
  expect(first).not.toBe(last)
  expect(hashAt(salts, december - 1)).toBe(last)
})

test('a month that is over is forgotten here, and a day later in the database', async () => {
  const salts = saltsOf(database)
  await salts.refresh()
  expect(hashAt(salts, november)).toBeDefined()
  now = december
  await salts.refresh()
  expect(hashAt(salts, december)).toBeDefined()
  expect(hashAt(salts, november)).toBeUndefined()
  await database.run((sql) => deleteOldSalts(sql, december + 24 * hour - 1))
  expect(await months()).toEqual(['2026-11-01', '2026-12-01'])
  await database.run((sql) => deleteOldSalts(sql, december + 24 * hour))
  expect(await months()).toEqual(['2026-12-01'])
})

test('without a database there is no salt until it answers, and a log line says so', async () => {
  const warn = vi.spyOn(log, 'warn')
  const run = vi.spyOn(database, 'run')
  run.mockResolvedValueOnce(fail({ code: 'unavailable', message: 'gone' }))
  const salts = saltsOf(database)
  expect(salts.hashAt(now)).toBeUndefined()
  await salts.refresh()
  expect(salts.hashAt(now)).toBeUndefined()
  expect(warn).toHaveBeenCalledWith({ month: '2026-11-01' }, expect.stringContaining('no salt'))
  await salts.refresh()
  expect(salts.hashAt(now)).toBeDefined()
  expect(run).toHaveBeenCalledTimes(2)
  await salts.refresh()
  expect(run).toHaveBeenCalledTimes(2)
})

test('the database takes a salt of 32 bytes for the first of a month, and nothing else', async () => {
  const insert = (month: string, bytes: number) =>
    store.sql`insert into promo_hash_salts (month, salt) values (${month}::date, ${Buffer.alloc(bytes)})`
  await expect(insert('2026-11-02', 32)).rejects.toThrow('check constraint')
  await expect(insert('2026-11-01', 31)).rejects.toThrow('check constraint')
  await insert('2026-11-01', 32)
})
