import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fail, ok } from '../../src/lib/base/result.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { makeClickPartitions } from '../../src/lib/database/migrate.ts'
import { databaseTime } from '../../src/lib/operations/doubt-time.ts'
import { createPurger, previewPurge, purge, purgeDaily } from '../../src/lib/operations/purge.ts'
import { settle } from '../../src/lib/operations/settle.ts'
import { believeTime } from '../../src/lib/store/retention.ts'
import { settleClicks } from '../../src/lib/store/settlement.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick, aHash, anImpression } from '../support/events.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'

let store: TestDatabase
let database: Database

beforeEach(async () => {
  store = await createTestDatabase()
  database = patientDatabase(() => store.url, 1)
  await insertPromos(store.sql)
})
afterEach(async () => {
  await database.close()
  await store.drop()
})

const day = 24 * 3_600_000
const now = Date.UTC(2026, 10, 18, 12)
const keep = { PROMO_RETAIN_DETAILS_DAYS: 30, PROMO_RETAIN_EVENTS_MONTHS: 13 }
const none = {
  salts: 0,
  details: 0,
  visitors: 0,
  event_keys: 0,
  strays: 0,
  surplus: 0,
  decisions: 0,
  conversions: 0,
  tokens: 0,
}
const nothing = { ...none, partitions: [] }

const purged = (at = now, retention = keep) => purge(database, at, retention)

const counted = async (from: string) => {
  const [row] = await store.sql`select count(*)::integer as rows from ${store.sql(from)}`
  return row?.rows
}

const sums = async () => ({
  metrics: [...(await store.sql`select * from promo_performance_metrics order by variation_id, hour`)],
  days: [...(await store.sql`select * from promo_daily_metrics order by variation_id, day`)],
  sends: [...(await store.sql`select * from promo_send_metrics order by impression_id, hours`)],
  breakdown: [
    ...(await store.sql`select * from promo_click_breakdown order by day, variation_id, dimension, value`),
  ],
  months: [
    ...(await store.sql`select * from promo_monthly_breakdown order by month, variation_id, dimension, value`),
  ],
  hourly_totals: [...(await store.sql`select * from promo_hourly_totals order by hour`)],
  monthly_totals: [...(await store.sql`select * from promo_monthly_totals order by month, dimension, value`)],
  offers: [...(await store.sql`select * from promo_offers order by id`)],
  variations: [...(await store.sql`select * from promo_text_variations order by id`)],
  impressions: [...(await store.sql`select * from promo_impression_tracking order by id`)],
})

/** Clicks at these times, each of its own visitor. */
async function recordClicksAt(...times: number[]): Promise<void> {
  await recordClicks(
    store.sql,
    times.map((at, index) => aClick({ at, ip_hash: aHash(index) })),
  )
  expect(await findDrift(store.sql)).toEqual([])
  expect(await settle(database, { age: 0 })).toEqual(ok(times.length))
}

describe('details of a click', () => {
  test.for(['UTC', 'Europe/Berlin', 'America/New_York'])(
    'are deleted after the days of the setting, to the millisecond, in %s',
    async (zone) => {
      await database.run((sql) => sql`select set_config('TimeZone', ${zone}, false)`)
      const limit = now - 30 * day
      await recordClicksAt(limit - 1, limit, now)
      const before = await sums()
      expect(await previewPurge(database, now, keep)).toMatchObject(ok({ details: 1, partitions: [] }))
      expect(await purged()).toMatchObject(ok({ details: 1 }))
      const rows = await store.sql`
      select user_agent is null and ip_hash is null as stripped, referrer from promo_click_tracking order by clicked_at
    `
      expect([...rows]).toEqual([
        { stripped: true, referrer: 'mail.example' },
        { stripped: false, referrer: 'mail.example' },
        { stripped: false, referrer: 'mail.example' },
      ])
      expect(await sums()).toEqual(before)
      expect(await purged()).toMatchObject(ok({ details: 0 }))
    },
  )

  test('are looked for in either of the two columns', async () => {
    const at = now - 40 * day
    await recordClicks(store.sql, [
      aClick({ at, user_agent: null, ip_hash: aHash(1) }),
      aClick({ at, ip_hash: null }),
      aClick({ at, user_agent: null, ip_hash: null }),
    ])
    await settle(database, { age: 0 })
    expect(await findDrift(store.sql)).toEqual([])
    const before = await sums()
    expect(await previewPurge(database, now, keep)).toMatchObject(ok({ details: 2 }))
    expect(await purged()).toMatchObject(ok({ details: 2 }))
    expect(await sums()).toEqual(before)
  })
})

test('details stay until their click is settled', async () => {
  const limit = now - 30 * day
  await recordClicks(store.sql, [
    aClick({ at: limit - 1, ip_hash: aHash(1) }),
    aClick({ at: limit, ip_hash: aHash(2) }),
  ])
  expect(await previewPurge(database, now, keep)).toMatchObject(ok({ details: 0 }))
  expect(await purged()).toMatchObject(ok({ details: 0, visitors: 0 }))
  await settle(database, { age: 0 })
  expect(await purged()).toMatchObject(ok({ details: 1 }))
})

test.for([1, 7, 30, 400])('a visitor counts once in a month, with details kept for %i days', async (days) => {
  const retention = { ...keep, PROMO_RETAIN_DETAILS_DAYS: days }
  const [first, last] = [Date.UTC(2026, 9, 1), Date.UTC(2026, 9, 31, 23)]
  await recordClicksAt(first - 1, first)
  await recordClicks(store.sql, [aClick({ at: Date.UTC(2026, 9, 31, 12), ip_hash: aHash(1) })])
  expect(await purged(last, retention)).toMatchObject(ok({ visitors: 1 }))
  expect(await settle(database, { age: 0 })).toEqual(ok(1))
  const october = await store.sql`
    select sum(unique_clicks)::integer as visitors from promo_daily_metrics where day >= '2026-10-01'
  `
  expect([...october]).toEqual([{ visitors: 1 }])
  const over = Date.UTC(2026, 10, 2)
  expect(await purged(over - 1, retention)).toMatchObject(ok({ visitors: 0 }))
  expect(await purged(over, retention)).toMatchObject(ok({ visitors: 1 }))
})

test('of clicks that were recorded in the same moment, those that are not settled keep their details', async () => {
  const at = now - 40 * day
  await recordClicks(
    store.sql,
    [0, 1, 2].map((index) => aClick({ at, ip_hash: aHash(index) })),
  )
  await settleClicks(store.sql, { age: 0, limit: 1, duplicateSeconds: 10, visitorsPerAddress: 5 })
  expect(await previewPurge(database, now, keep)).toMatchObject(ok({ details: 1 }))
  expect(await purged()).toMatchObject(ok({ details: 1, visitors: 1 }))
  expect(await settle(database, { age: 0 })).toEqual(ok(2))
  const [unique] = await store.sql`select unique_clicks::integer as visitors from promo_daily_metrics`
  expect(unique).toEqual({ visitors: 3 })
})

describe('clicks', () => {
  const oldest = Date.UTC(2025, 9, 1)

  test('are deleted by whole months, after the months of the setting, and counters and rollups stay', async () => {
    await makeClickPartitions(store.sql, Date.UTC(2025, 7, 10))
    await makeClickPartitions(store.sql, now)
    await recordClicksAt(Date.UTC(2025, 7, 31), oldest - 1, oldest, now)
    await recordImpressions(store.sql, [anImpression({ at: oldest - 1 })])
    const before = await sums()
    const partitions = ['promo_click_tracking_2025_08', 'promo_click_tracking_2025_09']
    const preview = await previewPurge(database, now, keep)
    expect(preview).toMatchObject(ok({ details: 1, partitions }))
    expect(await purged()).toMatchObject(preview)
    const rows = await store.sql`select clicked_at from promo_click_tracking order by clicked_at`
    expect(rows.map((row) => row.clicked_at)).toEqual([new Date(oldest), new Date(now)])
    expect(await sums()).toEqual(before)
    expect(await purged()).toMatchObject(ok({ partitions: [] }))
    await recordClicks(store.sql, [aClick({ at: now + 1 })])
    expect(await counted('promo_click_tracking')).toBe(3)
  })

  test('stay with their month until they are settled', async () => {
    await makeClickPartitions(store.sql, Date.UTC(2025, 7, 10))
    await recordClicks(store.sql, [
      aClick({ at: Date.UTC(2025, 7, 31) }),
      aClick({ at: Date.UTC(2020, 1, 2) }),
    ])
    const partitions = ['promo_click_tracking_2025_09', 'promo_click_tracking_2025_10']
    expect(await purged(Date.UTC(2026, 11, 1))).toMatchObject(ok({ partitions }))
    expect(await counted('promo_click_tracking')).toBe(2)
    await settle(database, { age: 0 })
    expect(await purged()).toMatchObject(ok({ partitions: ['promo_click_tracking_2025_08'] }))
    expect(await counted('promo_click_tracking')).toBe(0)
  })

  test('stay in the last millisecond before their time, and are deleted in the first after', async () => {
    await makeClickPartitions(store.sql, oldest)
    const names = async (at: number) => {
      const preview = await previewPurge(database, at, keep)
      return preview.ok && preview.value.partitions
    }
    expect(await names(Date.UTC(2026, 11, 1) - 1)).toEqual([])
    expect(await names(Date.UTC(2026, 11, 1))).toEqual(['promo_click_tracking_2025_10'])
  })

  test('without a partition are deleted with their month', async () => {
    await recordClicksAt(Date.UTC(2020, 1, 2), oldest - 1, oldest)
    const before = await sums()
    expect(await previewPurge(database, now, keep)).toMatchObject(ok({ details: 1, partitions: [] }))
    expect(await purged()).toMatchObject(ok({ details: 1 }))
    expect(await counted('promo_click_tracking')).toBe(1)
    expect(await sums()).toEqual(before)
  })
})

test('a salt is deleted a day after its month, to the millisecond', async () => {
  await store.sql`
    insert into promo_hash_salts (month, salt)
    select month::date, sha256(month::text::bytea)
    from generate_series('2026-09-01'::date, '2026-12-01', interval '1 month') as month
  `
  const over = Date.UTC(2026, 10, 2)
  const long = { ...keep, PROMO_RETAIN_DETAILS_DAYS: 3650 }
  expect(await purged(over - 1, long)).toEqual(ok({ ...nothing, salts: 1 }))
  expect(await purged(over, long)).toEqual(ok({ ...nothing, salts: 1 }))
  expect(await purged(over, long)).toEqual(ok(nothing))
  const months = await store.sql`select month::text from promo_hash_salts order by month`
  expect(months.map(({ month }) => month)).toEqual(['2026-11-01', '2026-12-01'])
})

test('ids that callers chose are kept for 35 days, to the millisecond', async () => {
  await store.sql`
    insert into promo_event_keys (event_id, recorded_at)
    select gen_random_uuid(), to_timestamp(${(now - 35 * day) / 1000}) + age * interval '1 millisecond'
    from generate_series(-1, 0) as age
  `
  expect(await purged()).toEqual(ok({ ...nothing, event_keys: 1 }))
  expect(await counted('promo_event_keys')).toBe(1)
})

const { signal } = new AbortController()
const daily = (at: number, { on = database, site = at } = {}) =>
  purgeDaily({ database: on, retention: keep, now: () => site, databaseTime: async () => ok(at), signal })

test('one of many instances purges per UTC day; after a failure another one does', async () => {
  const midnight = Date.UTC(2026, 10, 19)
  const done = ok({ code: 'purged', purged: nothing })
  const already = ok({ code: 'purged_already' })
  const several = await Promise.all([daily(midnight - 1), daily(midnight - 1), daily(midnight - 2)])
  expect(several.filter((outcome) => outcome.ok && outcome.value.code === 'purged')).toEqual([done])
  expect(await daily(midnight - 1)).toEqual(already)
  const gone = fail({ code: 'unavailable' as const, message: 'gone' })
  for (const statements of [0, 1, 2, 5])
    expect(await daily(midnight, { on: failingOnly(statements) })).toEqual(gone)
  expect(await daily(midnight)).toEqual(done)
  expect(await daily(midnight)).toEqual(already)
  expect(await daily(midnight + day, { on: failingAfter(0) })).toEqual(gone)
  expect(await daily(midnight + day, { on: failingAfter(4) })).toEqual(gone)
  const unasked = { database, retention: keep, now: () => midnight, databaseTime: async () => gone, signal }
  expect(await purgeDaily(unasked)).toEqual(gone)
})

test('a purge that a stop cuts off is left to the next instance, and logs no error', async () => {
  for (const statement of [1, 2, 3, 4, 5, 8]) {
    await store.sql`update promo_retention set purged_at = '-infinity'`
    const stop = new AbortController()
    let [asked, closed] = [0, false]
    const stopping: Database = {
      ...database,
      run: async (work, deadline) => {
        if (closed) return fail({ code: 'unavailable', message: 'the database is closed' })
        asked += 1
        if (asked !== statement) return await database.run(work, deadline)
        stop.abort()
        closed = true
        return fail({ code: 'unavailable', message: 'the connection has ended' })
      },
    }
    const told: string[] = []
    const log = pino({}, { write: (line: string) => told.push(line) })
    const forgotten: number[] = []
    const forgetDamaged = async (before: number) => void forgotten.push(before)
    const parts = { database: stopping, retention: keep, now: () => Date.now(), log, forgetDamaged }
    await createPurger(parts).run(stop.signal)
    expect([statement, told]).toEqual([statement, []])
    await createPurger({ ...parts, database }).run(signal)
    expect(told).toEqual([expect.stringContaining('"msg":"purged"')])
    await createPurger({ ...parts, database, now: () => 0 }).run(signal)
    expect(told.at(-1)).toContain('the clock cannot be trusted')
    expect(forgotten).toHaveLength(1)
    expect(Date.now() - (forgotten[0] ?? 0)).toBeLessThan(30 * day + 60_000)
    expect(Date.now() - (forgotten[0] ?? 0)).toBeGreaterThanOrEqual(30 * day)
  }
})

describe('an implausible clock deletes nothing', () => {
  const hour = day / 24
  const code = async (outcome: ReturnType<typeof daily>) => {
    const { ok: worked, ...rest } = await outcome
    return worked && 'value' in rest ? rest.value.code : rest
  }
  const old = () => recordClicksAt(Date.UTC(2023, 0, 2), now - 29 * day)

  test('one that jumps ahead is trusted after a day', async () => {
    await old()
    await settle(database, { age: 0 })
    expect(await code(daily(now))).toBe('purged')
    const jumped = now + 62 * day
    const outcome = await daily(jumped)
    expect(outcome).toMatchObject(ok({ code: 'clock_doubted' }))
    expect(outcome.ok && 'reason' in outcome.value && outcome.value.reason).toContain(
      'jumped from 2026-11-18T12:00:00Z to 2027-01-19T12:00:00Z',
    )
    expect(await code(daily(jumped + 24 * hour - 1))).toBe('clock_doubted')
    expect(await counted('promo_hash_salts')).toBe(0)
    const [details] = await store.sql`
      select count(*)::integer as kept from promo_click_tracking where ip_hash is not null
    `
    expect(details?.kept).toBe(1)
    expect(await code(daily(jumped + 24 * hour))).toBe('purged')
  })

  test('one that is corrected is trusted at once', async () => {
    expect(await code(daily(now))).toBe('purged')
    expect(await code(daily(now + 500 * day))).toBe('clock_doubted')
    expect(await code(daily(now + 2 * hour))).toBe('purged_already')
    expect(await code(daily(now + day))).toBe('purged')
  })

  test('one that a person confirms is trusted at once', async () => {
    expect(await code(daily(now))).toBe('purged')
    expect(await code(daily(now + 62 * day))).toBe('clock_doubted')
    await believeTime(store.sql)
    expect(await code(daily(now + 62 * day + 1))).toBe('purged')
  })

  test('a purge with a date in the future does not prevent the next one', async () => {
    await store.sql`update promo_retention set purged_at = '2028-01-01'`
    expect(await code(daily(now))).toBe('purged')
  })

  test('two days between checks are a pause, and a moment more is a jump', async () => {
    expect(await code(daily(now))).toBe('purged')
    expect(await code(daily(now + 48 * hour))).toBe('purged')
    expect(await code(daily(now + 96 * hour + 1))).toBe('clock_doubted')
  })

  test('a site whose clock is more than a day away from the database’s waits, whichever is wrong', async () => {
    expect(await code(daily(now, { site: now + day + 1 }))).toBe('clock_doubted')
    const behind = await daily(now, { site: now - day - 1 })
    expect(behind.ok && 'reason' in behind.value && behind.value.reason).toBe(
      (
        'the database’s clock says 2026-11-18T12:00:00Z, this machine’s 2026-11-17T11:59:59Z: correct the ' +
        'one that is wrong'
      ).replaceAll('’', "'"),
    )
    expect(await code(daily(now, { site: now - day }))).toBe('purged')
  })

  test('the site remembers the doubt until a check finds it gone', async () => {
    let [site, on] = [0, database]
    const purger = createPurger({
      database: { ...database, run: (work, deadline) => on.run(work, deadline) },
      retention: keep,
      now: () => site,
      log: pino({ level: 'silent' }),
      forgetDamaged: async () => {},
    })
    expect(purger.doubt).toBeUndefined()
    await purger.run(signal)
    expect(purger.doubt).toContain("this machine's 1970-01-01T00:00:00Z: correct the one that is wrong")
    const read = await databaseTime(database)
    site = read.ok ? read.value : 0
    on = failingAfter(0)
    await purger.run(signal)
    expect(purger.doubt).toBeDefined()
    on = database
    await believeTime(store.sql)
    await purger.run(signal)
    expect(purger.doubt).toBeUndefined()
  })

  test('the database’s own clock is asked', async () => {
    const [row] = await store.sql`select extract(epoch from now()) * 1000 as at`
    const read = await databaseTime(database)
    expect(read.ok && Math.abs(read.value - Number(row?.at))).toBeLessThan(60_000)
    expect(await databaseTime(failingAfter(0))).toMatchObject({ ok: false })
  })
})

test('a preview shows all that a purge deletes', async () => {
  await makeClickPartitions(store.sql, now - 15 * 31 * day)
  await recordClicksAt(Date.UTC(2020, 0, 2), now - 15 * 31 * day, now - 40 * day, now)
  await store.sql`insert into promo_event_keys (event_id, recorded_at) values (gen_random_uuid(), '2026-01-01')`
  await store.sql`insert into promo_hash_salts (month, salt) values ('2026-09-01', sha256('x'))`
  await store.sql`
    insert into promo_decisions (newsletter_send_id, offer_id, variation_id, strategy, probability, decided_at) values
      ('old', 4, 42, 'weighted', 0.5, '2025-09-30T23:59:59Z'), ('kept', 4, 42, 'weighted', 0.5, '2025-10-01')
  `
  await store.sql`
    insert into promo_handed_over_tokens (digest, subject, kept_until) values
      (sha256('old'), 'ben', '2026-11-18T11:59:59Z'), (sha256('kept'), 'ben', '2026-11-18T12:00:00Z')
  `
  const preview = await previewPurge(database, now, keep)
  expect(preview).toMatchObject(
    ok({ salts: 1, details: 1, visitors: 3, event_keys: 1, strays: 1, decisions: 1, tokens: 1 }),
  )
  expect(preview.ok && preview.value.partitions.length).toBeGreaterThan(0)
  expect(await purged()).toEqual(preview)
  expect(await previewPurge(database, now, keep)).toEqual(ok(nothing))
  expect(await store.sql`select newsletter_send_id from promo_decisions`).toEqual([
    { newsletter_send_id: 'kept' },
  ])
  expect(await store.sql`select digest from promo_handed_over_tokens`).toEqual(
    await store.sql`select sha256('kept') as digest`,
  )
})

test('an empty database has nothing to purge', async () => {
  expect(await previewPurge(database, now, keep)).toEqual(ok(nothing))
  expect(await purged()).toEqual(ok(nothing))
})

/** A database that answers so many statements and no more. */
function failingAfter(statements: number): Database {
  let left = statements
  return {
    ...database,
    run: async (work, deadline) => {
      left -= 1
      return left < 0 ? fail({ code: 'unavailable', message: 'gone' }) : database.run(work, deadline)
    },
  }
}

/** A database that answers every statement but one, counted from 0. */
function failingOnly(statement: number): Database {
  let asked = 0
  return {
    ...database,
    run: async (work, deadline) => {
      asked += 1
      return asked - 1 === statement
        ? fail({ code: 'unavailable', message: 'gone' })
        : database.run(work, deadline)
    },
  }
}

test('a database outage at any step is reported, and the next purge does the rest', async () => {
  await makeClickPartitions(store.sql, Date.UTC(2024, 0, 1))
  await recordClicksAt(Date.UTC(2020, 0, 1), now - 31 * day)
  const gone = fail({ code: 'unavailable', message: 'gone' })
  // Three partitions are dropped from the fourth statement on, and then there are none.
  for (const steps of [0, 1, 2, 3, 6, 4, 5, 6, 7, 8, 9])
    expect(await purge(failingAfter(steps), now, keep)).toEqual(gone)
  for (const steps of [0, 1, 2]) expect(await previewPurge(failingAfter(steps), now, keep)).toEqual(gone)
  expect(await purged()).toMatchObject(ok({ details: 0, visitors: 0 }))
})
