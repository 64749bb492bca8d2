import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Sql } from '../../src/lib/database/sql.ts'
import type { Click } from '../../src/lib/model/event.ts'
import * as store from '../../src/lib/store/events.ts'
import { lateCorrections } from '../../src/lib/store/late-corrections.ts'
import {
  createTestDatabase,
  emptyDatabase,
  findDrift,
  insertPromos,
  type TestDatabase,
} from '../support/database.ts'
import { aClick, aConversion, aHash, anImpression, aSurplus } from '../support/events.ts'
import { recordClicks, recordConversions, recordImpressions, recordSurplus } from '../support/record.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database?.drop())

beforeEach(() => insertPromos(database.sql))
afterEach(async () => {
  expect(await findDrift(database.sql)).toEqual([])
  await emptyDatabase(database.sql)
})

const variation = async (id: number) => {
  const [row] = await database.sql`
    select impressions::double precision, clicks::double precision, ctr::double precision from promo_text_variations
    where id = ${id}
  `
  return row
}

const offer = async (id: number) => {
  const [row] = await database.sql`
    select total_impressions::double precision as impressions, total_clicks::double precision as clicks,
      ctr::double precision
    from promo_offers where id = ${id}
  `
  return row
}

const rollup = () => database.sql`
  select to_char(hour at time zone 'UTC', 'DD HH24') as hour, variation_id, impressions::integer, recipients::integer,
    clicks::integer, human_clicks::integer as human, machine_clicks::integer as machine,
    duplicate_clicks::integer as duplicate
  from promo_performance_metrics order by variation_id, promo_performance_metrics.hour
`

describe('clicks', () => {
  test('are stored with everything known, and counted', async () => {
    const click = aClick({ ip_hash: aHash(7), device: 'mobile', browser: 'Safari', os: 'iOS' })
    expect(await recordClicks(database.sql, [click])).toEqual([])
    const [row] = await database.sql`select * from promo_click_tracking`
    expect(row).toMatchObject({
      event_id: click.event_id,
      offer_id: 4,
      variation_id: 42,
      clicked_at: new Date(click.at),
      referrer: 'mail.example',
      user_agent: 'Mozilla/5.0',
      ip_hash: aHash(7),
      verdict: 'human',
      reason: 'none',
      rules_version: 1,
      device: 'mobile',
      browser: 'Safari',
      os: 'iOS',
    })
    expect(await variation(42)).toEqual({ impressions: 0, clicks: 1, ctr: null })
    expect(await offer(4)).toEqual({ impressions: 0, clicks: 1, ctr: null })
  })

  test('count once, however often a batch is repeated', async () => {
    const batch = [aClick(), aClick({ variation_id: 43 }), aClick({ verdict: 'machine', reason: 'prefetch' })]
    await recordClicks(database.sql, batch)
    await recordClicks(database.sql, [...batch, aClick()])
    await recordClicks(database.sql, batch)
    expect(await variation(42)).toMatchObject({ clicks: 3 })
    expect(await offer(4)).toMatchObject({ clicks: 4 })
    expect(await rollup()).toMatchObject([
      { variation_id: 42, clicks: 3, human: 2, machine: 1, duplicate: 0 },
      { variation_id: 43, clicks: 1, human: 1, machine: 0, duplicate: 0 },
    ])
  })

  test('with an id of the caller count once, whatever the time of the retry, in one batch or several', async () => {
    const event_id = randomUUID()
    const at = Date.UTC(2026, 10, 18, 9)
    const tries = [0, 1, 2].map((hour) => aClick({ event_id, caller_key: true, at: at + hour * 3_600_000 }))
    await recordClicks(database.sql, tries.slice(0, 2))
    await recordClicks(database.sql, tries.slice(2))
    expect(await rollup()).toMatchObject([{ hour: '18 09', clicks: 1 }])
  })

  test('with an id that was used for another event are rejected, of whatever kind and time', async () => {
    const event_id = randomUUID()
    const at = Date.UTC(2026, 10, 18, 9)
    const first = aClick({ event_id, caller_key: true, at, user_agent: 'one', referrer: 'a.example' })
    const reused = [{ event_id, reason: 'event_id_reused' }]
    await recordClicks(database.sql, [first])
    for (const change of [{ variation_id: 43 }, { user_agent: 'two' }, { referrer: null }])
      expect([...(await recordClicks(database.sql, [{ ...first, ...change }]))]).toEqual(reused)
    const impression = anImpression({ event_id, caller_key: true, at })
    expect([...(await recordImpressions(database.sql, [impression]))]).toEqual(reused)
    expect([...(await recordClicks(database.sql, [{ ...first, at: at + 1, ip_hash: null }]))]).toEqual([])
    await database.sql`update promo_event_keys set fingerprint = null`
    expect([...(await recordClicks(database.sql, [{ ...first, variation_id: 43 }]))]).toEqual([])
    expect(await rollup()).toMatchObject([{ hour: '18 09', clicks: 1 }])

    const corrected = anImpression({ event_id: randomUUID(), caller_key: true, at, recipients: 10 })
    await recordImpressions(database.sql, [corrected])
    for (const change of [{ recipients: 11 }, { newsletter_send_id: 'other' }, { newsletter_send_id: null }])
      expect(await recordImpressions(database.sql, [{ ...corrected, ...change }])).toHaveLength(1)
    expect(await variation(42)).toMatchObject({ impressions: 10 })
  })

  test('of a deleted variation, or of another offer, are rejected while the others are recorded', async () => {
    const gone = aClick({ variation_id: 999 })
    const foreign = aClick({ offer_id: 5 })
    const rejected = await recordClicks(database.sql, [gone, aClick(), foreign])
    expect([...rejected]).toEqual([
      { event_id: gone.event_id, reason: 'variation_gone' },
      { event_id: foreign.event_id, reason: 'variation_gone' },
    ])
    expect(await variation(42)).toMatchObject({ clicks: 1 })
  })

  describe('that were accepted unchecked', () => {
    const unchecked = (changes: Partial<Click>) => aClick({ offer_id: null, slug: 'nocodemba', ...changes })
    const offers = async () => {
      const rows = await database.sql<{ offer_id: number; variation_id: number }[]>`
        select offer_id, variation_id from promo_click_tracking order by offer_id, variation_id
      `
      return rows.map(({ offer_id, variation_id }) => [offer_id, variation_id])
    }

    test('get the offer of their variation: on its slug, on any if it has none, and without one to check', async () => {
      const batch = [
        unchecked({ variation_id: 50, slug: 'quietdesk' }),
        unchecked({}),
        unchecked({ variation_id: 60 }),
        unchecked({ variation_id: 43, slug: null }),
        aClick({ variation_id: 44 }),
      ]
      expect(await recordClicks(database.sql, batch)).toHaveLength(0)
      expect(await recordClicks(database.sql, batch)).toHaveLength(0)
      expect(await offers()).toEqual([
        [4, 42],
        [4, 43],
        [4, 44],
        [5, 50],
        [6, 60],
      ])
    })

    test('are rejected with the reason, and the others recorded', async () => {
      const other = unchecked({ variation_id: 50 })
      const unknown = unchecked({ variation_id: 999 })
      const key = { event_id: randomUUID(), caller_key: true }
      const reported = unchecked({ variation_id: 998, slug: null, ...key })
      expect([...(await recordClicks(database.sql, [other, unchecked({}), unknown, reported]))]).toEqual([
        { event_id: other.event_id, reason: 'other_slug' },
        { event_id: unknown.event_id, reason: 'unknown_variation' },
        { event_id: reported.event_id, reason: 'unknown_variation' },
      ])
      expect(await offers()).toEqual([[4, 42]])
    })

    test('count on former slugs of their offer, whoever has them now', async () => {
      await database.sql`update promo_offers set link_slug = 'nocode' where id = 4`
      await database.sql`update promo_offers set link_slug = 'nocodemba' where id = 5`
      const [current, former, ofDesk, ofDeskFormer] = [
        unchecked({ slug: 'nocode' }),
        unchecked({}),
        unchecked({ variation_id: 50 }),
        unchecked({ variation_id: 50, slug: 'quietdesk' }),
      ]
      const foreign = unchecked({ slug: 'quietdesk' })
      const batch = [current, former, ofDesk, ofDeskFormer, foreign]
      expect([...(await recordClicks(database.sql, batch))]).toEqual([
        { event_id: foreign.event_id, reason: 'other_slug' },
      ])
      expect(await offers()).toEqual([
        [4, 42],
        [4, 42],
        [5, 50],
        [5, 50],
      ])
    })

    test('and checked by an earlier version, whose lines have no slug, are recorded in one batch', async () => {
      const { slug: _, ...earlier } = aClick()
      const events = JSON.stringify([earlier, unchecked({})])
      expect(await store.recordClicks(database.sql, events)).toHaveLength(0)
      expect(await variation(42)).toMatchObject({ clicks: 2 })
    })
  })

  test('rejected for their variation do not use up the id that their caller chose', async () => {
    const event = { event_id: randomUUID(), caller_key: true }
    await recordClicks(database.sql, [aClick({ ...event, variation_id: 999 })])
    await recordClicks(database.sql, [aClick(event)])
    expect(await variation(42)).toMatchObject({ clicks: 1 })
  })

  test('are inserted in the order in which they were accepted', async () => {
    const clicks = Array.from({ length: 50 }, (_, index) => aClick({ at: Date.UTC(2026, 10, 18) + index }))
    await recordClicks(database.sql, clicks)
    const rows = await database.sql`select event_id from promo_click_tracking order by id`
    expect(rows.map((row) => row.event_id)).toEqual(clicks.map((click) => click.event_id))
  })

  test('in a month without a partition are kept, and move into it when it is made', async () => {
    const at = Date.UTC(2031, 4, 31, 23, 59, 59, 999)
    await recordClicks(database.sql, [aClick({ at }), aClick({ at: at + 1 })])
    const [made] = await database.sql`select promo_make_click_partition('2031-05-17') as made`
    const [again] = await database.sql`select promo_make_click_partition('2031-05-01') as made`
    expect([made?.made, again?.made]).toEqual([true, false])
    const rows =
      await database.sql`select tableoid::regclass::text as partition from promo_click_tracking order by id`
    expect(rows.map((row) => row.partition)).toEqual([
      'promo_click_tracking_2031_05',
      'promo_click_tracking_default',
    ])
    await recordClicks(database.sql, [aClick({ at: at - 5 })])
    const [counted] = await database.sql`select count(*)::integer as rows from promo_click_tracking_2031_05`
    expect(counted?.rows).toBe(2)
  })

  test('keep every column when they move into it, even one that a later version has added', async () => {
    await database.sql
      .begin(async (sql) => {
        await sql`alter table promo_click_tracking drop column browser, add column "Later" text default 'none'`
        await sql`
          insert into promo_click_tracking (offer_id, variation_id, clicked_at, device, "Later")
          values (4, 42, '2032-01-05', 'mobile', 'kept')
        `
        const [before] = await sql`select * from promo_click_tracking_default`
        await sql`select promo_make_click_partition('2032-01-01')`
        expect(before).toMatchObject({ Later: 'kept', device: 'mobile', clicked_date: expect.any(Date) })
        expect([...(await sql`select * from promo_click_tracking_2032_01`)]).toEqual([before])
        throw new Error('undone')
      })
      .catch((error) => expect(error.message).toBe('undone'))
  })

  test('of many connections at once are counted exactly, without a deadlock', async () => {
    const batch = (seed: number): Click[] =>
      Array.from({ length: 60 }, (_, index) =>
        (index + seed) % 3 === 0
          ? aClick({ offer_id: 5, variation_id: 50, ip_hash: aHash(index) })
          : aClick({ variation_id: 42 + ((index + seed) % 2), ip_hash: aHash(index) }),
      )
    const shared = batch(0)
    const batches = Array.from({ length: 12 }, (_, index) => (index % 4 === 0 ? shared : batch(index)))
    await Promise.all(batches.map((clicks) => recordClicks(database.sql, clicks)))
    const [counted] = await database.sql`select count(*)::integer as rows from promo_click_tracking`
    expect(counted?.rows).toBe(60 * 10)
  })
})

test.each([
  ['clicks', (sql: Sql) => recordClicks(sql, [aClick()])],
  ['surplus clicks', (sql: Sql) => recordSurplus(sql, [aSurplus()])],
  ['impressions', (sql: Sql) => recordImpressions(sql, [anImpression()])],
  ['conversions', (sql: Sql) => recordConversions(sql, [aConversion()])],
] as const)('%s are committed durably, whatever a role or database is set to', async (_, record) => {
  const commits = (setting: string) =>
    database.sql.begin(async (sql) => {
      await sql`select set_config('synchronous_commit', ${setting}, true)`
      await record(sql)
      const [row] = await sql`select current_setting('synchronous_commit') as setting`
      return row?.setting
    })
  expect(await commits('off')).toBe('on')
  for (const setting of ['local', 'on', 'remote_apply']) expect(await commits(setting)).toBe(setting)
})

describe('impressions', () => {
  test('count their recipients, and CTR follows', async () => {
    await recordImpressions(database.sql, [anImpression({ recipients: 200 })])
    await recordClicks(database.sql, [aClick(), aClick(), aClick()])
    expect(await variation(42)).toEqual({ impressions: 200, clicks: 3, ctr: 1.5 })
    expect(await offer(4)).toEqual({ impressions: 200, clicks: 3, ctr: 1.5 })
  })

  test('of the same send change nothing when repeated, and correct recipients either way', async () => {
    const at = Date.UTC(2026, 10, 18, 6)
    await recordImpressions(database.sql, [anImpression({ at })])
    await recordImpressions(database.sql, [anImpression({ at: at + 1 })])
    expect(await variation(42)).toMatchObject({ impressions: 100 })
    await recordImpressions(database.sql, [anImpression({ at: at + 2, recipients: 250 })])
    await recordImpressions(database.sql, [anImpression({ at: at + 3, recipients: 90 })])
    expect(await offer(4)).toMatchObject({ impressions: 90 })
    expect(await rollup()).toMatchObject([{ hour: '18 06', impressions: 1, recipients: 90 }])
    const rows = await database.sql`select tracked_at, recipients from promo_impression_tracking`
    expect([...rows]).toEqual([{ tracked_at: new Date(at), recipients: 90 }])
  })

  test('reported several times in a batch count by the last report, after a replay by the newest', async () => {
    const at = Date.UTC(2026, 10, 18, 6)
    const batch = [
      anImpression({ at: at + 5, recipients: 300 }),
      anImpression({ at, recipients: 100 }),
      anImpression({ at, recipients: 7, variation_id: 43 }),
    ]
    await recordImpressions(database.sql, batch)
    expect(await variation(42)).toMatchObject({ impressions: 100 })
    expect(await variation(43)).toMatchObject({ impressions: 7 })
    const left = batch.map((event) => ({ ...event, newsletter_send_id: 'another' }))
    await recordImpressions(database.sql, left, true)
    expect(await variation(42)).toMatchObject({ impressions: 100 + 300 })
  })

  test('corrected after the clock went back count as corrected; an earlier run does not undo it', async () => {
    const at = Date.UTC(2026, 10, 18, 6)
    const first = anImpression({ at, recipients: 100 })
    await recordImpressions(database.sql, [first])
    await recordImpressions(database.sql, [anImpression({ at: at - 3_600_000, recipients: 200 })])
    expect(await variation(42)).toMatchObject({ impressions: 200 })
    await recordImpressions(database.sql, [first], true)
    expect(await variation(42)).toMatchObject({ impressions: 200 })
    await recordImpressions(database.sql, [anImpression({ at: at + 1, recipients: 300 })], true)
    expect(await variation(42)).toMatchObject({ impressions: 300 })
    expect(await findDrift(database.sql)).toEqual([])
  })

  test('without recipients count nothing, whether they come first or undo what was reported', async () => {
    const none = anImpression({ recipients: 0 })
    await recordImpressions(database.sql, [
      none,
      { ...none, event_id: aClick().event_id, newsletter_send_id: null },
    ])
    expect(await database.sql`select from promo_impression_tracking`).toHaveLength(0)
    expect(await rollup()).toEqual([])
    const at = none.at + 1
    await recordImpressions(database.sql, [anImpression({ at, recipients: 50 })])
    await recordImpressions(database.sql, [anImpression({ at, recipients: 0 })])
    expect(await offer(4)).toMatchObject({ impressions: 0 })
    expect(await rollup()).toMatchObject([{ impressions: 0, recipients: 0 }])
    await recordImpressions(database.sql, [anImpression({ at, recipients: 20 })])
    expect(await rollup()).toMatchObject([{ impressions: 1, recipients: 20 }])
    expect(await findDrift(database.sql)).toEqual([])
  })

  test('corrected more than a day later are reported for a week', async () => {
    const at = Date.now()
    const dayLater = (recipients: number, after: number) =>
      recordImpressions(database.sql, [anImpression({ at: at + after, recipients })])
    await dayLater(100, 0)
    await dayLater(200, 86_400_000)
    await dayLater(200, 86_400_001)
    expect([...(await lateCorrections(database.sql))]).toEqual([])
    await dayLater(300, 86_400_001)
    await dayLater(300, 86_400_002)
    const [send] = await lateCorrections(database.sql)
    expect(send).toEqual({ newsletter_send_id: anImpression().newsletter_send_id })
    await database.sql`update promo_impression_tracking set corrected_late_at = now() - interval '169 hours'`
    expect([...(await lateCorrections(database.sql))]).toEqual([])
  })

  test('without a send count each, but a replay only once', async () => {
    const alone = anImpression({ newsletter_send_id: null, recipients: 1 })
    await recordImpressions(database.sql, [alone, anImpression({ newsletter_send_id: null, recipients: 1 })])
    await recordImpressions(database.sql, [alone])
    expect(await variation(42)).toMatchObject({ impressions: 2 })
  })

  test('retried under an id of the caller change nothing, even if the numbers differ', async () => {
    const event = { event_id: randomUUID(), caller_key: true }
    const at = Date.UTC(2026, 10, 18, 6)
    await recordImpressions(database.sql, [anImpression({ ...event, at, newsletter_send_id: null })])
    await recordImpressions(database.sql, [
      anImpression({ ...event, at: at + 1, newsletter_send_id: 'another', recipients: 5 }),
    ])
    expect(await variation(42)).toMatchObject({ impressions: 100 })
  })

  test('of a deleted variation are rejected', async () => {
    const gone = anImpression({ variation_id: 999 })
    expect([...(await recordImpressions(database.sql, [gone]))]).toEqual([
      { event_id: gone.event_id, reason: 'variation_gone' },
    ])
  })

  test('corrected by many connections at once leave counters and rows in step', async () => {
    const at = Date.UTC(2026, 10, 18, 6)
    await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        recordImpressions(database.sql, [
          anImpression({ at: at + index, recipients: 10 + index }),
          anImpression({ at: at + index, recipients: 20 + index, variation_id: 43 }),
        ]),
      ),
    )
    expect(await findDrift(database.sql)).toEqual([])
  })

  test('to ten million recipients, again and again, overflow nothing; a huge CTR neither', async () => {
    const sends = Array.from({ length: 300 }, (_, index) =>
      anImpression({ newsletter_send_id: `send-${index}`, recipients: 10_000_000 }),
    )
    await recordImpressions(database.sql, sends)
    expect(await offer(4)).toMatchObject({ impressions: 3_000_000_000 })
    await recordImpressions(database.sql, [anImpression({ variation_id: 43, recipients: 1 })])
    await database.sql`update promo_text_variations set clicks = 2000000000 where id = 43`
    expect(await variation(43)).toMatchObject({ ctr: 9_999_999_999.99 })
    await database.sql`update promo_text_variations set clicks = 0 where id = 43`
  })
})

test('a deleted variation leaves its offer with the sums of the others', async () => {
  await recordImpressions(database.sql, [anImpression(), anImpression({ variation_id: 43, recipients: 5 })])
  await recordClicks(database.sql, [aClick(), aClick({ variation_id: 43 })])
  await database.sql`delete from promo_text_variations where id = 42`
  expect(await offer(4)).toMatchObject({ impressions: 5, clicks: 1 })
  await database.sql`delete from promo_offers where id = 4`
  const [left] = await database.sql`select count(*)::integer as rows from promo_click_tracking`
  expect(left?.rows).toBe(0)
})

test('two that add to the totals of the same hours in another order do not lock each other out', async () => {
  const hours = ['2026-11-18 08:00+00', '2026-11-18 09:00+00']
  const inOrder = (variation_id: number, order: readonly string[]) =>
    database.sql.begin(async (sql) => {
      for (const hour of order) {
        await sql`
          insert into promo_performance_metrics (hour, offer_id, variation_id, clicks, human_clicks)
          values (${hour}::timestamptz, 4, ${variation_id}, 3, 2)
        `
        await sleep(100)
      }
    })
  await Promise.all([inOrder(42, hours), inOrder(43, hours.toReversed())])
  const totals = () => database.sql`select clicks::integer, human_clicks::integer from promo_hourly_totals`
  expect([...(await totals())]).toEqual(hours.map(() => ({ clicks: 6, human_clicks: 4 })))
  await database.sql`truncate promo_performance_metrics`
  expect(await totals()).toHaveLength(0)
})
