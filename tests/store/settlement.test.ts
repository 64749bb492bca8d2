import { describe, expect, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { fail, ok } from '../../src/lib/base/result.ts'
import type { Database } from '../../src/lib/database/database.ts'
import type { Click } from '../../src/lib/model/event.ts'
import { settle as settleAll, settler } from '../../src/lib/operations/settle.ts'
import { settleClicks } from '../../src/lib/store/settlement.ts'
import { findDrift } from '../support/database.ts'
import { aClick, aHash, anImpression } from '../support/events.ts'
import { fileDatabase } from '../support/file-database.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'
import { sends, settledCrowds, settledFigures, settleEverything, uniques } from '../support/settled.ts'

const database = fileDatabase()
const settle = (age = 0, limit = 1_000) => settleEverything(database.sql, { age, limit })

const noon = Date.UTC(2026, 2, 18, 12)
const minute = 60_000
test('a click is settled once, however many settle at the same time', async () => {
  const clicks = Array.from({ length: 60 }, (_, index) =>
    aClick({ at: noon + index * minute, ip_hash: aHash(index % 20) }),
  )
  const send = anImpression({ at: noon })
  await recordImpressions(database.sql, [send])
  await recordClicks(database.sql, clicks)
  let settled = 0
  while (settled < 60) {
    const rows = await Promise.all(
      Array.from({ length: 4 }, () =>
        settleClicks(database.sql, { age: 0, limit: 7, duplicateSeconds: 10, visitorsPerAddress: 5 }),
      ),
    )
    settled += rows.flat().reduce((sum, row) => sum + row.settled, 0)
  }
  expect(settled).toBe(60)
  const [first] = await sends(database.sql)
  expect(first).toMatchObject({ clicks: 60, human: 60, clickers: 20 })
  expect(await findDrift(database.sql)).toEqual([])
  expect((await uniques(database.sql)).map(({ unique }) => unique)).toEqual([20])
})

test('a text and day names at most a hundred hosts, only those of people, in whatever batches', async () => {
  const hosts = async (variation: number) => {
    const rows = await database.sql<{ value: string; clicks: number }[]>`
      select value, clicks::integer from promo_click_breakdown
      where dimension = 'referrer' and variation_id = ${variation} and human_clicks = clicks and machine_clicks = 0
    `
    return new Map(rows.map(({ value, clicks }) => [value, clicks]))
  }
  const at = noon + minute
  const from = (host: string | null, changes: Partial<Click> = {}) =>
    aClick({ at, referrer: host, ...changes })
  const named = (start: number, count: number) =>
    Array.from({ length: count }, (_, index) => from(`h${start + index}.example`))
  await recordClicks(database.sql, [
    from('gateway.example', { verdict: 'machine', reason: 'prefetch' }),
    from('again.example', { verdict: 'duplicate', reason: 'sample' }),
    from(null),
    ...named(0, 99),
  ])
  await settle()
  expect(await hosts(42)).toEqual(
    new Map([['none', 1], ...named(0, 99).map(({ referrer }): [string, number] => [`${referrer}`, 1])]),
  )
  // One place is left, for the host that most people of the batch came from.
  await recordClicks(database.sql, [
    ...named(50, 120),
    from('new.example'),
    from('new.example'),
    from(null),
    from('here.example', { offer_id: 5, variation_id: 50 }),
    from('tomorrow.example', { at: at + 1440 * minute }),
  ])
  await settle(0, 1_000)
  const settled = await hosts(42)
  expect(settled.size).toBe(103)
  expect(Object.fromEntries(settled)).toMatchObject({
    none: 2,
    'h49.example': 1,
    'h98.example': 2,
    'new.example': 2,
    'tomorrow.example': 1,
    '(other)': 71,
  })
  expect(await hosts(50)).toEqual(new Map([['here.example', 1]]))
  // What has no place gets none later, and what has one keeps it.
  await recordClicks(database.sql, [...named(98, 3), from('new.example')])
  await settle(0, 1)
  expect(Object.fromEntries(await hosts(42))).toMatchObject({
    'h98.example': 3,
    'new.example': 3,
    '(other)': 73,
  })
  expect((await hosts(42)).size).toBe(103)
  expect(await findDrift(database.sql)).toEqual([])
})

test.for([150, 1_000])(
  'a day names at most 300 hosts over all texts, and a month 500, in batches of %i',
  async (limit) => {
    const texts = Array.from({ length: 6 }, (_, index) => 900 + index)
    await database.sql`
      insert into promo_text_variations (id, offer_id, text_content)
      select id, 4, 'Text' from unnest(${texts}::integer[]) id
    `
    const day = 1440 * minute
    const from = (variation_id: number, days: number, host: string) =>
      aClick({ at: noon + days * day, variation_id, referrer: `${host}.example` })
    const hundred = (variation_id: number, days: number, name: string) =>
      Array.from({ length: 100 }, (_, index) => from(variation_id, days, `${name}${index}`))
    const named = async (days: number) => {
      const [row] = await database.sql`
        select count(*) filter (where value <> '(other)')::integer as hosts,
          coalesce(sum(clicks) filter (where value = '(other)'), 0)::integer as other
        from promo_click_breakdown
        where dimension = 'referrer' and day = ${new Date(noon + days * day).toISOString().slice(0, 10)}::date
      `
      return row
    }
    await recordClicks(
      database.sql,
      texts.flatMap((text) => hundred(text, 0, 'h')),
    )
    await settle(0, limit)
    expect(await named(0)).toEqual({ hosts: 300, other: 300 })
    const [known] = await database.sql`
      select count(distinct value)::integer as hosts from promo_click_breakdown
      where dimension = 'referrer' and value <> '(other)'
    `
    let places = 500 - known?.hosts
    for (const days of [1, 2]) {
      const hosts = Math.min(300, places)
      const clicks = texts.slice(0, 5).flatMap((text) => hundred(text, days, `g${days}-${text}-`))
      await recordClicks(database.sql, clicks)
      await settle(0, limit)
      expect(await named(days)).toEqual({ hosts, other: 500 - hosts })
      places -= hosts
    }
    expect(places).toBe(0)
    // A host that the month has named is named on its other days, a further one is not, and another month has
    // places again.
    const [text = 0, other = 0] = texts
    await recordClicks(database.sql, [
      from(text, 3, 'h1'),
      from(text, 3, 'z'),
      from(other, 3, 'h1'),
      from(text, 20, 'z'),
    ])
    await settle(0, limit)
    expect(await named(3)).toEqual({ hosts: 2, other: 1 })
    expect(await named(20)).toEqual({ hosts: 1, other: 0 })
    const months = await database.sql`
      select month::text, count(*)::integer as hosts from promo_monthly_totals
      where dimension = 'referrer' and value <> '(other)' group by 1 order by 1
    `
    expect([...months]).toEqual([
      { month: '2026-03-01', hosts: 500 },
      { month: '2026-04-01', hosts: 1 },
    ])
    expect(await findDrift(database.sql)).toEqual([])
  },
)

type PlanNode = {
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Join Filter'?: number
  Plans?: PlanNode[]
}
const rowsSeen = (node: PlanNode): number =>
  Math.max(
    node['Actual Loops'] *
      (node['Actual Rows'] +
        (node['Rows Removed by Filter'] ?? 0) +
        (node['Rows Removed by Join Filter'] ?? 0)),
    ...(node.Plans ?? []).map(rowsSeen),
  )

const second = 1_000
test.for<[string, (index: number) => Partial<Click>]>([
  ['visitors who have clicked before', (index) => ({ at: noon + index * second, ip_hash: aHash(index) })],
  [
    'one network with many browsers',
    (index) => ({
      at: noon + index * second,
      ip_hash: aHash(index),
      address_hash: `aaaaaa${index}`,
      user_agent: `browser ${index % 40}`,
      sign: 'seen_network',
    }),
  ],
  [
    'addresses that fifty share',
    (index) => ({
      at: noon + index * second,
      ip_hash: aHash(index),
      address_hash: `aaaaaa${index % 30}`,
      user_agent: `browser ${index % 40}`,
    }),
  ],
  ['one visitor', (index) => ({ at: noon + index * 10, ip_hash: aHash(1), variation_id: 42 + (index % 2) })],
])('the rows that settling reads grow linearly with the clicks: %s', async ([, changes]) => {
  const count = 1_500
  await recordImpressions(database.sql, [anImpression({ at: noon })])
  const recordAll = (later: number) =>
    recordClicks(
      database.sql,
      Array.from({ length: count }, (_, index) => {
        const { at = noon, ...rest } = changes(index)
        return aClick({ ...rest, at: at + later })
      }),
    )
  await recordAll(0)
  expect(await settle(0, count)).toBe(count)
  await recordAll(1_440 * minute)
  // Otherwise the plan depends on whether the server has happened to analyze these tables.
  await database.sql`analyze`
  const statement = settleClicks(database.sql, {
    age: 0,
    limit: count,
    duplicateSeconds: 10,
    visitorsPerAddress: 5,
  })
  const [row] = await database.sql<{ 'QUERY PLAN': { Plan: PlanNode }[] }[]>`
    explain (analyze, timing off, format json) ${statement}
  `
  const [explained] = row?.['QUERY PLAN'] ?? []
  expect(explained && rowsSeen(explained.Plan)).toBeGreaterThanOrEqual(count)
  // Plans differ with what vacuum has done meanwhile; one of each click with each other has 1,500 times their number.
  expect(explained && rowsSeen(explained.Plan)).toBeLessThan(300 * count)
  expect(await settle(0, count)).toBe(0)
})

test('an address is crowded by all its visits, including those of visitors beyond the limit', async () => {
  await recordImpressions(
    database.sql,
    [0, 1].map((hours) =>
      anImpression({ at: noon + hours * 60 * minute, newsletter_send_id: `send-${hours}` }),
    ),
  )
  const visit = (at: number, visitor: number, address: string) =>
    aClick({ at, ip_hash: aHash(visitor), address_hash: address })
  // Seven of one address on the first send are no crowd yet, and one of another never are.
  await recordClicks(database.sql, [
    ...Array.from({ length: 7 }, (_, index) => visit(noon + index * minute, index, 'aaaaaa1')),
    visit(noon, 90, 'bbbbbb1'),
  ])
  await settle()
  expect(await settledCrowds(database.sql)).toEqual({ clickers: {}, parts: {} })
  await recordClicks(database.sql, [
    // A duplicate is no visit.
    visit(noon + 1_000, 0, 'aaaaaa1'),
    ...Array.from({ length: 3 }, (_, index) => visit(noon + (90 + index) * minute, index, 'aaaaaa1')),
    visit(noon + 95 * minute, 90, 'bbbbbb1'),
  ])
  await settle(0, 2)
  expect(await settledCrowds(database.sql)).toEqual({
    clickers: { 'send-0/42/0': 5, 'send-1/42/0': 3 },
    parts: {
      'send-0/42': { addresses: 1, visits: 7, largest: 7, human: 5 },
      'send-1/42': { addresses: 1, visits: 3, largest: 3, human: 3 },
    },
  })
  expect(await findDrift(database.sql)).toEqual([])
})

test('a send counts its clickers with one weak sign, and clicks that are machines’ by two', async () => {
  await recordImpressions(database.sql, [anImpression({ at: noon - 60 * minute })])
  const sign = 'no_user_agent'
  await recordClicks(database.sql, [
    aClick({ at: noon - 59 * minute, ip_hash: aHash(1) }),
    aClick({ at: noon, ip_hash: aHash(2), sign }),
    // No clicker any more, and no click that counts.
    aClick({ at: noon + minute, ip_hash: aHash(2), sign }),
    aClick({ at: noon + minute + 1_000, ip_hash: aHash(2), sign }),
    aClick({ at: noon + minute, ip_hash: aHash(3), sign: `${sign}+stale_user_agent` }),
    aClick({ at: noon + 90 * minute, ip_hash: aHash(4), sign: `${sign}+stale_user_agent` }),
    aClick({ at: noon, ip_hash: aHash(5), verdict: 'machine', reason: 'prefetch' }),
  ])
  await settle()
  const rows = await database.sql`
    select hours, clickers::integer, uncertain_clickers::integer as uncertain, doubtful_clicks::integer as doubtful
    from promo_send_metrics order by hours
  `
  expect([...rows]).toEqual([
    // Within seconds of the first click of the send, which it is.
    { hours: 0, clickers: 1, uncertain: 1, doubtful: 0 },
    { hours: 1, clickers: 1, uncertain: 1, doubtful: 1 },
    { hours: 2, clickers: 0, uncertain: 0, doubtful: 1 },
  ])
})

test('a click belongs to the newest send of its text that was before it', async () => {
  const day = 1_440 * minute
  await recordImpressions(
    database.sql,
    [0, 1, 2].map((days) => anImpression({ at: noon + days * day, newsletter_send_id: `send-${days}` })),
  )
  const at = [noon - 1, noon, noon + day - 1, noon + day, noon + 9 * day]
  await recordClicks(
    database.sql,
    at.map((moment, index) => aClick({ at: moment, ip_hash: aHash(index) })),
  )
  await settle()
  const found = (await sends(database.sql)).map(({ send, hours, clicks, clickers }) => ({
    send,
    hours,
    clicks,
    clickers,
  }))
  expect(found).toEqual(
    [
      { send: 'send-0/42', hours: 0 },
      { send: 'send-0/42', hours: 12 },
      { send: 'send-1/42', hours: 0 },
      { send: 'send-2/42', hours: 168 },
    ].map((row) => ({ ...row, clicks: 1, clickers: 1 })),
  )
})

test('a click waits until it is old enough, and one that arrives late is not skipped', async () => {
  await recordClicks(database.sql, [aClick({ at: noon })])
  expect(await settle(60)).toBe(0)
  await database.sql`update promo_click_tracking set recorded_at = now() - interval '61 seconds'`
  expect(await settle(60)).toBe(1)
  // It happened before the other one and was recorded after it.
  await recordClicks(database.sql, [aClick({ at: noon - 5 * minute })])
  expect(await settle()).toBe(1)
})

test('one that is not old enough delays those that arrived after it', async () => {
  const clicks = [1, 2, 3].map((index) => aClick({ at: noon + index }))
  await recordClicks(database.sql, clicks)
  const age = (index: number, seconds: number) =>
    database.sql`
      update promo_click_tracking set recorded_at = now() - ${seconds} * interval '1 second'
      where event_id = ${clicks[index]?.event_id ?? null}
    `
  await age(0, 61)
  await age(1, 30)
  await age(2, 61)
  expect(await settle(60)).toBe(1)
  await age(1, 61)
  expect(await settle(60)).toBe(2)
})

test('clicks are settled in order of arrival, whatever the database’s clock does', async () => {
  await recordClicks(database.sql, [aClick({ at: noon })])
  await database.sql`update promo_click_tracking set recorded_at = now() + interval '62 days'`
  expect(await settle(60)).toBe(1)
  await recordClicks(database.sql, [aClick({ at: noon + 1 })])
  expect(await settle(60)).toBe(0)
  await database.sql`update promo_click_tracking set recorded_at = now() - interval '61 seconds'`
  expect(await settle(60)).toBe(1)
  expect(await findDrift(database.sql)).toEqual([])
})

test('an instance of the former version settles nothing a second time', async () => {
  await recordClicks(database.sql, [aClick({ at: noon })])
  await settle()
  const former = database.sql`update promo_settlement set recorded_at = now(), event_id = gen_random_uuid()`
  await expect(former).rejects.toThrow('newer version')
})

test('a variation that is deleted takes its settled figures with it, also from the totals', async () => {
  await recordImpressions(database.sql, [anImpression({ at: noon })])
  await recordClicks(database.sql, [
    aClick({ at: noon + minute, ip_hash: aHash(1) }),
    aClick({ at: noon + minute, verdict: 'machine', reason: 'prefetch' }),
  ])
  await settle()
  const totals = async () => {
    const [hours] = await database.sql`select sum(clicks)::integer as clicks from promo_hourly_totals`
    const [months] = await database.sql`select sum(clicks)::integer as clicks from promo_monthly_totals`
    return { hours: hours?.clicks, months: months?.clicks }
  }
  expect(await totals()).toEqual({ hours: 2, months: 9 })
  await database.sql`delete from promo_text_variations where id = 42`
  expect(await settledFigures(database.sql)).toEqual({ sends: [], unique: {}, breakdown: [] })
  expect(await totals()).toEqual({ hours: 0, months: 0 })
  // People of an offer may have clicked on its other texts: they stay, and so do those of everything.
  expect(
    (await findDrift(database.sql)).filter((drift) => !JSON.stringify(drift).includes('"people"')),
  ).toEqual([])
  expect(await database.sql`select ip_hash from promo_clickers`).toHaveLength(0)
})

test('daily rollups are the hourly ones by UTC day', async () => {
  await recordImpressions(database.sql, [
    anImpression({ at: noon }),
    anImpression({ at: noon + 1440 * minute, newsletter_send_id: 'next' }),
  ])
  await recordClicks(database.sql, [
    ...Array.from({ length: 30 }, (_, index) =>
      aClick({ at: noon + index * 97 * minute, ip_hash: aHash(index) }),
    ),
    aClick({ at: noon, verdict: 'machine', reason: 'prefetch' }),
    aClick({ at: noon, reason: 'no_user_agent' }),
  ])
  await settle()
  const differing = await database.sql`
    select * from (
      select (hour at time zone 'UTC')::date as day, variation_id, sum(impressions), sum(recipients), sum(clicks),
        sum(human_clicks), sum(machine_clicks), sum(duplicate_clicks), sum(uncertain_clicks), sum(unique_clicks)
      from promo_performance_metrics group by 1, 2
    ) hourly
    except
    select day, variation_id, impressions, recipients, clicks, human_clicks, machine_clicks, duplicate_clicks,
      uncertain_clicks, unique_clicks
    from promo_daily_metrics
  `
  expect(differing).toEqual([])
  const [days] =
    await database.sql`select count(*)::integer as days, sum(unique_clicks)::integer as unique from promo_daily_metrics`
  expect(days).toEqual({ days: 3, unique: 30 })
})

describe('the settler', () => {
  const observation = { observationMinutes: 15, duplicateSeconds: 10, visitorsPerAddress: 5 }
  const open = () => patientDatabase(() => database.url, 1)

  test('continues batch by batch until nothing is left, and ends early when it is stopped', async () => {
    const pool = open()
    for (const start of [0, 1, 2, 3, 4]) {
      await recordClicks(
        database.sql,
        Array.from({ length: 2_200 }, (_, index) => aClick({ at: noon + start * 2_200 + index })),
      )
    }
    // An automatic analyze may have seen a nearly empty table, and a plan for it looks at each click for each other.
    await database.sql`analyze promo_click_tracking`
    const told = new AbortController()
    const once: Database = {
      ...pool,
      run: (statements, deadline) => pool.run(statements, deadline).finally(() => told.abort()),
    }
    expect(await settleAll(once, { age: 0, signal: told.signal })).toEqual(ok(10_000))
    expect(await settleAll(pool, { age: 60 })).toEqual(ok(0))
    expect(await settleAll(pool, { age: 0 })).toEqual(ok(1_000))
    expect(await settleAll(pool, { age: 0 })).toEqual(ok(0))
    const log = createLog('silent')
    const warned = vi.spyOn(log, 'warn')
    const signal = new AbortController().signal
    await settler(pool, log, observation)(signal)
    const stop = new AbortController()
    const stopping: Database = {
      ...pool,
      async run() {
        stop.abort()
        return fail({ code: 'unavailable', message: 'the database is closed' })
      },
    }
    await settler(stopping, log, observation)(stop.signal)
    expect(warned).not.toHaveBeenCalled()
    await pool.close()
    await settler(pool, log, observation)(signal)
    expect(warned).toHaveBeenCalledExactlyOnceWith(expect.anything(), 'clicks could not be settled')
    expect(await settleAll(pool, { age: 0 })).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
  })
})
