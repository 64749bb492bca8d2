import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ok } from '../../src/lib/base/result.ts'
import type { Database } from '../../src/lib/database/database.ts'
import type { Sql } from '../../src/lib/database/sql.ts'
import { purge } from '../../src/lib/operations/purge.ts'
import { countOldDetails, removeOldDetails } from '../../src/lib/operations/remove-details.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { waitFor } from '../support/wait.ts'

let store: TestDatabase
let database: Database

const day = 86_400_000
const now = Date.UTC(2026, 10, 18, 12)

beforeAll(async () => {
  store = await createTestDatabase()
  database = patientDatabase(() => store.url, 1)
  await insertPromos(store.sql)
  await store.sql`
    select promo_make_click_partition(month::date)
    from generate_series('2026-08-01'::date, '2026-11-01', interval '1 month') as month
  `
})
afterAll(async () => {
  await database?.close()
  await store?.drop()
})

/** Clicks at these times, with details, in the order in which they arrive. */
const arrive = (times: readonly number[]) => store.sql`
  insert into promo_click_tracking (offer_id, variation_id, clicked_at, user_agent, ip_hash, address_hash)
  select 4, 42, at::timestamptz, 'x', 'y', 'z'
  from unnest(${times.map((at) => new Date(at).toISOString())}::text[]) with ordinality as told (at, place)
    order by place
`

const settleUpTo = (id: number) =>
  store.sql`update promo_settlement set rounds = rounds + 1, click_id = ${id}`

/** Of a version that looks at all clicks each time. */
const formerPurge = (at: number, days: number) => store.sql`
  update promo_click_tracking set user_agent = null, ip_hash = null, address_hash = null
  where clicked_at < to_timestamp(${at / 1000}) - ${days} * interval '24 hours'
    and (user_agent is not null or ip_hash is not null)
    and id <= (select click_id from promo_settlement)
`

/** A deadline beyond the ordinary makes it one. */
const inTransaction = async <Value>(work: (sql: Sql) => Promise<Value>): Promise<Value> => {
  const done = await database.run(work, 60_000)
  if (!done.ok) throw new Error(done.fault.message)
  return done.value
}

/** Half days, so that many clicks are exactly as old as details are kept. */
const halfDays = (most: number) => fc.integer({ min: 0, max: most }).map((times) => times * (day / 2))
const days = fc.constantFrom(1, 2, 7, 30, 90)
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ arrive: fc.array(halfDays(240), { minLength: 1, maxLength: 12 }) }) },
  { weight: 3, arbitrary: fc.record({ settle: fc.integer({ min: 0, max: 6 }) }) },
  { weight: 4, arbitrary: fc.record({ purge: days, later: halfDays(6) }) },
  fc.record({ clock: halfDays(200).map((back) => 50 * day - back) }),
  fc.record({ former: days }),
  fc.record({ brokenOff: days }),
)

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never
type ModelClick = { id: number; at: number; details: boolean }

/** What is to be seen from outside: clicks with details, by a purge that looks at all of them. */
async function live(steps: readonly Step[]): Promise<void> {
  await store.sql`delete from promo_click_tracking`
  await store.sql`alter sequence promo_click_tracking_id_seq restart`
  await settleUpTo(0)
  await store.sql`update promo_retention set details_removed_before = '-infinity', details_removed_to = 0`
  const clicks: ModelClick[] = []
  let [clock, settled] = [now, 0]
  const old = (kept: number) =>
    clicks.filter(({ id, at, details }) => details && id <= settled && at < clock - kept * day)
  const forget = (found: ModelClick[]) => {
    for (const click of found) click.details = false
  }
  for (const one of steps) {
    if ('arrive' in one) {
      const times = one.arrive.map((age) => clock - age)
      await arrive(times)
      for (const at of times) clicks.push({ id: clicks.length + 1, at, details: true })
    } else if ('settle' in one) {
      settled = Math.max(settled, clicks.length - one.settle)
      await settleUpTo(settled)
    } else if ('purge' in one) {
      clock += one.later
      const found = old(one.purge)
      const counted = await inTransaction((sql) => countOldDetails(sql, clock, one.purge, 1_000))
      const removed = await inTransaction((sql) => removeOldDetails(sql, clock, one.purge))
      forget(found)
      const rows = await store.sql`
        select id::integer from promo_click_tracking
        where user_agent is not null and ip_hash is not null and address_hash is not null order by id
      `
      expect({ counted, removed, kept: rows.map(({ id }) => id) }).toEqual({
        counted: found.length,
        removed: found.length,
        kept: clicks.filter(({ details }) => details).map(({ id }) => id),
      })
    } else if ('clock' in one) {
      clock += one.clock
    } else if ('former' in one) {
      forget(old(one.former))
      await formerPurge(clock, one.former)
    } else {
      const brokenOff = inTransaction(async (sql) => {
        await removeOldDetails(sql, clock, one.brokenOff)
        await sql`select 1 / 0`
      })
      await expect(brokenOff).rejects.toThrow('division by zero')
    }
  }
}

describe('details are deleted as by a purge that reads every click', () => {
  test('with late clicks, any retention, and purges by others', async () => {
    const histories = fc.array(step, { minLength: 10, maxLength: 14, size: 'max' })
    await fc.assert(fc.asyncProperty(histories, live), { numRuns: 12 })
  })

  test('for clicks that were settled while details were kept for longer', async () => {
    await live([
      { arrive: [5 * day, 40 * day] },
      { settle: 1 },
      { purge: 2, later: 0 },
      { settle: 0 },
      { purge: 90, later: 0 },
      { purge: 2, later: 0 },
    ])
  })

  test('after one that broke off', async () => {
    await live([
      { arrive: [7 * day, 0] },
      { settle: 0 },
      { brokenOff: 1 },
      { clock: 50 * day },
      { purge: 1, later: 0 },
    ])
  })
})

/** Rows that a transaction has read so far, of each table. */
const rowsRead = (sql: Sql) => sql<{ name: string; rows: number }[]>`
  select relname::text as name, (seq_tup_read + coalesce(idx_tup_fetch, 0))::integer as rows
  from pg_stat_xact_user_tables where seq_tup_read + coalesce(idx_tup_fetch, 0) > 0 order by 1
`

/** Three months of everything that a purge looks at, so that no plan reads a whole table because it is small. */
async function fill(sql: Sql): Promise<void> {
  const ages = sql`generate_series(1, 4000) age`
  const at = sql`to_timestamp(${now / 1000}) - age * interval '15 minutes'`
  await sql`
    insert into promo_click_tracking (offer_id, variation_id, clicked_at, user_agent)
    select 4, 42, at, case when at >= to_timestamp(${now / 1000}) - interval '30 days' then 'x' end
    from generate_series('2026-08-01Z', to_timestamp(${now / 1000}), interval '10 minutes') at
  `
  await sql`insert into promo_event_keys (event_id, recorded_at) select gen_random_uuid(), ${at} from ${ages}`
  await sql`
    insert into promo_surplus_clicks (event_id, offer_id, variation_id, clicked_at, reason, clicks, settled_clicks)
    select gen_random_uuid(), 4, 42, ${at}, 'flood', 1, 1 from ${ages}
  `
  await sql`
    insert into promo_conversions (external_id, amount, currency, status, occurred_at, reported_at, counted_on)
    select age, 1, 'EUR', 'approved', ${at}, now(), '2026-11-01' from ${ages}
  `
  await sql`
    insert into promo_decisions (newsletter_send_id, offer_id, variation_id, strategy, probability, decided_at)
    select age, 4, 42, 'weighted', 1, ${at} from ${ages}
  `
  await sql`
    insert into promo_clickers (ip_hash, variation_id, first_clicked_at)
    select age, 42, to_timestamp(${now / 1000}) - age * interval '6 minutes' from ${ages}
  `
  await sql`
    insert into promo_visits (ip_hash, month, offer_id, variation_id, newsletter, days)
    select age, '2026-11-01', 4, 42, '', 1 from ${ages}
  `
  await sql`insert into promo_crowds (address_hash, month, further_visits) select age, '2026-11-01', 1 from ${ages}`
  await sql`
    insert into promo_crowd_visits (address_hash, month, impression_id, visits, human_clicks)
    select age, '2026-11-01', 1, 2, 2 from ${ages}
  `
  await sql`
    update promo_settlement set rounds = rounds + 1, click_id = (select max(id) from promo_click_tracking)
  `
}

/**
 * While it plans, the server reads rows at the ends of indexes, unless vacuum has marked their pages as visible to
 * everybody. It cannot where a transaction is older than a row, such as an automatic analyze of the server's own.
 */
const vacuum = (sql: Sql) =>
  waitFor(async () => {
    await sql.unsafe('vacuum analyze')
    const unmarked = await sql`
      select relname from pg_class where relkind = 'r' and relname like 'promo_%' and relallvisible < relpages
    `
    expect(unmarked).toEqual([])
  })

test('a purge reads little more than it removes, and nothing of earlier months', async () => {
  await store.sql`delete from promo_click_tracking`
  await fill(store.sql)
  const purged = (at: number) =>
    inTransaction(async (sql) => {
      const within: Database = { ...database, run: async (statements) => ok(await statements(sql)) }
      // The server adds what the session has read in the second before.
      const before = new Map((await rowsRead(sql)).map(({ name, rows }) => [name, rows]))
      const removed = await purge(within, at, {
        PROMO_RETAIN_DETAILS_DAYS: 30,
        PROMO_RETAIN_EVENTS_MONTHS: 2,
      })
      const read = (await rowsRead(sql)).map(
        ({ name, rows }) => [name, rows - (before.get(name) ?? 0)] as const,
      )
      return { removed, read: Object.fromEntries(read.filter(([, rows]) => rows > 0)) }
    })
  expect(await purged(now)).toMatchObject({
    removed: ok({ partitions: ['promo_click_tracking_2026_08'] }),
  })
  await arrive([Date.UTC(2026, 8, 2)])
  await store.sql`update promo_settlement set rounds = rounds + 1, click_id = click_id + 1`
  await vacuum(store.sql)
  const { removed, read } = await purged(now + day)
  expect(removed).toMatchObject(ok({ details: 145, event_keys: 96 }))
  const { promo_click_tracking_2026_10: ofTheMonth, ...others } = read
  // The index on time knows ranges of pages, which are large for a month as small as this.
  expect(ofTheMonth).toBeLessThan(31 * 144)
  expect(others).toEqual({
    promo_click_tracking_2026_09: 1,
    promo_event_keys: 96,
    promo_retention: expect.any(Number),
    promo_settlement: expect.any(Number),
  })
})
