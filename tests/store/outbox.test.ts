import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fail, ok } from '../../src/lib/base/result.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { openMatomo } from '../../src/lib/matomo/matomo.ts'
import { settle } from '../../src/lib/operations/settle.ts'
import { createLane } from '../../src/lib/outbox/lane.ts'
import { openOutbox } from '../../src/lib/outbox/outbox.ts'
import type { Target } from '../../src/lib/outbox/target.ts'
import { claimRows } from '../../src/lib/store/outbox.ts'
import { databaseAway } from '../support/database-away.ts'
import { aClick, aHash, anImpression } from '../support/events.ts'
import { type FakeMatomo, matomoToken, startFakeMatomo } from '../support/fake-matomo.ts'
import type { FakeStrapi } from '../support/fake-strapi.ts'
import { sendJson } from '../support/fake-strapi.ts'
import { fileDatabase, siteDatabase } from '../support/file-database.ts'
import { patience } from '../support/patience.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'
import { waitFor } from '../support/wait.ts'

const store = fileDatabase((sql) => sql`truncate promo_outbox restart identity`)
const database = siteDatabase(store)

const noon = Date.UTC(2026, 10, 18, 12)
const second = 1_000

const put = (count: number, from = 0) => store.sql`
  insert into promo_outbox (target, body, created_at, due_at)
  select 'matomo', jsonb_build_object('at', ${noon / 1_000}::bigint + n, 'offer_id', 4, 'offer', 'Course', 'slug',
    'nocodemba',
    'variation_id', 42, 'text', 'Text', 'send', 'daily', 'newsletter', null), at, at
  from (select n, now() - interval '1 hour' + n * interval '1 microsecond' as at
    from generate_series(${from}::integer, ${from + count - 1}) n) rows
`
const waiting = () => store.sql<{ at: number; due: boolean; refused: string | null; attempts: number }[]>`
  select (body->>'at')::integer - ${noon / 1_000}::integer as at, due_at <= now() as due, refused, attempts
  from promo_outbox order by id
`

/** A worker with Matomo as its one target, whose time stands still unless the test says otherwise. */
function work(
  matomo: FakeMatomo,
  given: { patience?: number; now?: number; ready?: boolean; database?: Database } = {},
) {
  const messages: string[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => messages.push(JSON.parse(line).msg) })
  const clock = { time: 0 }
  const elapsed = () => clock.time
  const { database: used = database } = given
  const target = openMatomo({
    settings: { url: matomo.url, siteId: 7, token: matomoToken, dimensions: new Map() },
    siteUrl: 'https://news.example',
    links: {
      peek: (slug) => ({
        slug,
        location: 'https://merchant.example/',
        passing: undefined,
        clickId: undefined,
      }),
    },
    elapsed,
    now: () => given.now ?? noon,
    patience: given.patience ?? patience,
  })
  const outbox = openOutbox({
    ...{ database: used, log, elapsed, random: () => 1 },
    targets: async () => [target],
    ready: () => given.ready ?? true,
  })
  onTestFinished(async () => {
    target.stop()
    await outbox.close(1_000)
  })
  const readings = outbox.readings('matomo')
  return { outbox, readings, target, clock, elapsed, log, messages, fault: () => readings.fault }
}

const times = ({ tracked }: FakeMatomo): number[] =>
  tracked.map((one) => Number(one.get('cdt')) - noon / second)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

describe('settling', () => {
  test('puts people’s clicks into the outbox, once, with their final verdict, and not who clicked', async () => {
    await store.sql`update promo_offers set offer_type = 'self_test' where id = 5`
    await recordImpressions(store.sql, [anImpression({ at: noon, newsletter: 'weekly' })])
    await recordClicks(store.sql, [
      aClick({ at: noon - second, ip_hash: aHash(1) }),
      aClick({ at: noon + 7 * second + 999, ip_hash: aHash(2), variation_id: 42 }),
      aClick({ at: noon + 8 * second, ip_hash: aHash(2) }),
      aClick({ at: noon + 9 * second, verdict: 'machine', reason: 'prefetch' }),
      aClick({ at: noon + 60 * second, offer_id: 6, variation_id: 60 }),
      aClick({ at: noon, offer_id: 5, variation_id: 50 }),
    ])
    const settled = await Promise.all(upTo(3).map(() => settle(database, { age: 0, forMatomo: true })))
    expect(settled.reduce((sum, one) => sum + (one.ok ? one.value : 0), 0)).toBe(6)
    const rows = await store.sql`select target, body, attempts, refused from promo_outbox order by id`
    const of42 = {
      ...{ offer_id: 4, offer: 'No Code MBA', slug: 'nocodemba' },
      ...{ variation_id: 42, text: 'Build your dream startup this weekend' },
    }
    expect(rows.map(({ body }) => body)).toEqual([
      { ...of42, at: noon / second - 1, send: null, newsletter: null },
      { ...of42, at: noon / second + 7, send: '2026-11-18-daily', newsletter: 'weekly' },
      {
        ...{
          at: noon / second + 60,
          offer_id: 6,
          offer: 'Adopted',
          slug: null,
          send: null,
          newsletter: null,
        },
        ...{ variation_id: 60, text: 'From an earlier system' },
      },
    ])
    expect(rows[0]).toMatchObject({ target: 'matomo', attempts: 0, refused: null })
  })

  test('puts nothing there without a target', async () => {
    await recordClicks(store.sql, [aClick()])
    expect(await settle(database, { age: 0 })).toEqual(ok(1))
    expect(await waiting()).toEqual([])
  })
})

describe('Matomo', () => {
  test('gets each click once, in order, however many workers there are', async () => {
    const matomo = await startFakeMatomo()
    await put(230)
    const first = work(matomo)
    await first.outbox.look()
    expect(times(matomo)).toEqual(upTo(230))
    expect(matomo.sizes).toEqual([50, 50, 50, 50, 30])
    await first.outbox.close(patience)
    await put(230, 230)
    const workers = upTo(3).map(() => work(matomo))
    await Promise.all(workers.map(({ outbox }) => outbox.look()))
    expect(times(matomo).toSorted((a, b) => a - b)).toEqual(upTo(460))
    expect(await waiting()).toEqual([])
    expect(workers.reduce((sum, { readings }) => sum + readings.sent, 0)).toBe(230)
  })

  const tenMegabytes = Buffer.alloc(10 * 1024 * 1024, '[1,')
  const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64')
  test.for<[string, FakeStrapi['answer'], string, string, string?]>([
    ['hangs', () => {}, 'unreachable', 'no complete answer'],
    ['answers garbage', (_, r) => r.end('<html>'), 'failing', 'other than JSON'],
    ['answers an image', (_, r) => r.end(gif), 'failing', 'other than JSON'],
    ['answers 10 MB', (_, r) => r.end(tenMegabytes), 'unsuitable', 'more than 65536 bytes'],
    [
      'redirects in circles',
      (q, r) => r.writeHead(302, { location: `${q.url}` }).end(),
      'unsuitable',
      '302',
      'redirects, which',
    ],
    [
      'redirects to somebody else',
      (_, r) => r.writeHead(301, { location: 'https://other.example/' }).end(),
      ...(['unsuitable', '301', 'to https://other.example'] as const),
    ],
    ['breaks', (_, r) => sendJson(r, 500, { status: 'error', tracked: 7, invalid: 0 }), 'failing', '500'],
    ['has no such page', (_, r) => r.writeHead(404).end(), 'unsuitable', '404', 'no matomo.php'],
    ['refuses', (_, r) => r.writeHead(403).end(), 'refused', '403', 'PROMO_MATOMO_TOKEN'],
    [
      'is in maintenance',
      (_, r) => sendJson(r, 200, { status: 'success', tracked: 0, invalid: 0 }),
      'failing',
      'none of 3',
      'record_statistics',
    ],
    ['is busy', (_, r) => r.writeHead(429, { 'retry-after': '7' }).end(), 'busy', '429'],
  ])('that %s loses nothing, and is reported', async ([, answer, code, message, advice]) => {
    const matomo = await startFakeMatomo()
    matomo.instead = answer
    await put(3)
    const { outbox, readings, clock, messages, fault } = work(matomo, { patience: 2_000 })
    await outbox.look()
    expect(fault()).toMatchObject({ code, message: expect.stringContaining(message) })
    expect(fault()?.advice ?? '').toContain(advice ?? '')
    expect(JSON.stringify(fault())).not.toContain(matomoToken)
    expect(await waiting()).toEqual(upTo(3).map((at) => ({ at, due: true, refused: null, attempts: 0 })))
    expect(messages).toEqual(['the outbox is not being emptied; what is in it waits'])
    // It rests, and is not asked.
    matomo.instead = undefined
    await outbox.look()
    expect(matomo.tracked).toEqual([])
    clock.time = 10_000
    expect(readings.failingFor).toBe(10_000)
    await outbox.look()
    await outbox.look()
    await outbox.look()
    expect(times(matomo)).toEqual(upTo(3))
    expect(fault()).toBeUndefined()
    expect(readings.failingFor).toBe(0)
    expect(messages).toContain('the outbox is being emptied again')
  })

  test('that is down for a day gets everything afterwards, with growing pauses until then', async () => {
    const matomo = await startFakeMatomo()
    await matomo.stop()
    await put(120)
    const { outbox, clock, fault } = work(matomo)
    const tries: number[] = []
    let last: unknown
    for (clock.time = 0; clock.time < 86_400_000; clock.time += 100_000) {
      await outbox.look()
      if (fault() === last && clock.time > 0) continue
      last = fault()
      tries.push(clock.time / 100_000)
    }
    expect(fault()).toMatchObject({ code: 'unreachable', message: expect.stringContaining('ECONNREFUSED') })
    // Seconds first, five minutes later.
    expect(tries.slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5])
    expect(tries.at(-1)).toBeGreaterThan(860)
    expect(tries.length).toBeLessThan(300)
    expect(await waiting()).toHaveLength(120)
    await matomo.start()
    clock.time += 300_000
    while ((await waiting()).length > 0) await outbox.look()
    expect(times(matomo).toSorted((a, b) => a - b)).toEqual(upTo(120))
  })

  test('that gives no answer in time gets smaller portions, and then larger ones again', async () => {
    const matomo = await startFakeMatomo()
    await put(200)
    const { outbox, clock } = work(matomo, { patience: 2_000 })
    matomo.instead = () => {}
    for (const time of [0, 10_000, 20_000]) {
      clock.time = time
      await outbox.look()
    }
    matomo.instead = undefined
    clock.time = 60_000
    while ((await waiting()).length > 0) await outbox.look()
    expect(matomo.sizes).toEqual([6, 12, 24, 48, 50, 50, 10])
    expect(times(matomo)).toEqual(upTo(200))
  })

  test.each([true, false])('refuses a click and blocks no other, super user: %s', async (superUser) => {
    const matomo = await startFakeMatomo()
    matomo.superUser = superUser
    matomo.refuses = (one) => one.get('cdt')?.endsWith('7') === true
    await put(20)
    const { outbox, readings, fault } = work(matomo)
    await outbox.look()
    expect(times(matomo)).toEqual(upTo(20).filter((at) => at % 10 !== 7))
    expect(fault()).toBeUndefined()
    if (superUser) {
      // They wait, each time twice as long.
      const refused = { due: false, refused: 'Matomo says it is invalid', attempts: 1 }
      expect(await waiting()).toEqual([7, 17].map((at) => ({ at, ...refused })))
      await store.sql`update promo_outbox set due_at = now(), attempts = 4`
      await outbox.look()
      await outbox.measure()
      expect(readings).toMatchObject({ waiting: 2, refused: 2 })
      const [pause] = await store.sql`
        select round(extract(epoch from due_at - now()) / 60)::integer as minutes from promo_outbox limit 1
      `
      expect(pause).toEqual({ minutes: 16 })
    } else {
      expect(await waiting()).toEqual([])
      expect(readings).toMatchObject({ sent: 18, givenUp: 2 })
    }
  })

  /** A worker's way to Matomo, whose looks are `step` seconds apart; what was refused becomes due as time passes. */
  function openLane(matomo: FakeMatomo, patience?: number, from: Database = database) {
    const { target, clock, elapsed, log } = work(matomo, patience === undefined ? {} : { patience })
    const lane = createLane({
      name: target.name,
      database: from,
      elapsed,
      log,
      random: () => 1,
      count: () => {},
    })
    const pass = async (seconds: number, step: number) => {
      const end = clock.time + seconds * second
      while (clock.time < end) {
        while (await lane.step(target));
        clock.time += step * second
        await store.sql`update promo_outbox set due_at = due_at - ${step} * interval '1 second'`
      }
    }
    return { lane, pass }
  }

  test.each([500, 400, 403])('that answers %i because of one click gets all others', async (status) => {
    const matomo = await startFakeMatomo()
    matomo.breaksOn = (one) => (one.get('cdt')?.endsWith('07') ? status : undefined)
    await put(20)
    const { lane, pass } = openLane(matomo)
    await pass(30, 2)
    expect(times(matomo)).toEqual(upTo(20).filter((at) => at !== 7))
    // A new click neither waits for it nor is sent with it.
    matomo.sizes.length = 0
    await store.sql`update promo_outbox set due_at = now()`
    await put(3, 20)
    await pass(6, 2)
    expect(times(matomo).slice(19)).toEqual([20, 21, 22])
    expect(lane.fault).toBeUndefined()
    expect(await waiting()).toMatchObject([{ at: 7, refused: expect.stringContaining(`${status}`) }])
    // That one is not sent again and again: a minute later, then two, four and so on.
    matomo.sizes.length = 0
    await pass(25 * 3_600, 300)
    expect(matomo.sizes.length).toBeLessThan(45)
    // What was wrong with it is mended.
    matomo.breaksOn = () => undefined
    await pass(48 * 3_600, 3_600)
    expect(times(matomo).at(-1)).toBe(7)
    expect(await waiting()).toEqual([])
  })

  test('that answers with an error because of some clicks gets all others', async () => {
    const matomo = await startFakeMatomo()
    const isBad = (at: number) => at % 60 < 2 || at % 60 === 30
    matomo.breaksOn = (one) => (isBad(Number(one.get('cdt')) - noon / second) ? 500 : undefined)
    await put(230)
    const { pass } = openLane(matomo)
    await pass(600, 2)
    expect(times(matomo).toSorted((a, b) => a - b)).toEqual(upTo(230).filter((at) => !isBad(at)))
    expect((await waiting()).map(({ at }) => at)).toEqual(upTo(230).filter(isBad))
  })

  test('is not asked for anything while the database does not answer', async () => {
    const matomo = await startFakeMatomo()
    await put(1)
    const { lane, pass } = openLane(matomo, undefined, databaseAway)
    await pass(10, 2)
    expect(matomo.sizes).toEqual([])
    expect(lane.fault).toBeUndefined()
  })

  test('that does not answer because of one click gets all others', async () => {
    const matomo = await startFakeMatomo()
    await put(4)
    const { pass } = openLane(matomo, 1_000)
    matomo.hangsOn = (one) => one.get('cdt')?.endsWith('02') === true
    // Where this machine stands still for a second, an answer is too late, and its clicks are sent again.
    await waitFor(async () => {
      await pass(60, 2)
      expect(new Set(times(matomo))).toEqual(new Set([0, 1, 3]))
      const refused = expect.stringContaining('no complete answer')
      expect(await waiting()).toMatchObject([{ at: 2, refused }])
    })
    matomo.hangsOn = () => false
  })

  test.each([500, 403])('that answers %i to everything for a day refuses no click', async (status) => {
    const matomo = await startFakeMatomo()
    matomo.breaksOn = () => status
    await put(70)
    const { lane, pass } = openLane(matomo)
    await pass(86_400, 400)
    expect(await waiting()).toMatchObject(upTo(70).map((at) => ({ at, refused: null, attempts: 0 })))
    expect(lane.fault).toMatchObject({ message: expect.stringContaining(`${status}`) })
    matomo.breaksOn = () => undefined
    await pass(400, 4)
    expect(times(matomo).toSorted((a, b) => a - b)).toEqual(upTo(70))
  })

  test('that skips clicks again and again gets each of the others twice at most', async () => {
    const matomo = await startFakeMatomo()
    matomo.skips = (one) => ['07', '13'].some((end) => one.get('cdt')?.endsWith(end))
    await put(20)
    const { pass } = openLane(matomo)
    await pass(300, 2)
    for (const at of upTo(20).filter((at) => at !== 7 && at !== 13))
      expect(times(matomo).filter((one) => one === at)).toHaveLength(2)
    expect(await waiting()).toMatchObject([7, 13].map((at) => ({ at, refused: expect.any(String) })))
    matomo.skips = () => false
    await pass(7_200, 60)
    expect(await waiting()).toEqual([])
    expect(times(matomo).filter((at) => at === 7 || at === 13)).toHaveLength(2)
  })

  test('that refuses everything is not asked again and again, and newer clicks go first', async () => {
    const matomo = await startFakeMatomo()
    matomo.refuses = () => true
    await put(60)
    const { outbox, clock, fault } = work(matomo)
    await outbox.look()
    expect(matomo.sizes).toEqual([50])
    expect(fault()).toMatchObject({
      code: 'refused',
      advice: expect.stringContaining('PROMO_MATOMO_SITE_ID'),
    })
    matomo.refuses = () => false
    clock.time = 10_000
    await outbox.look()
    expect(times(matomo)).toEqual(upTo(60).slice(50))
    expect((await waiting()).filter(({ refused }) => refused !== null)).toHaveLength(50)
  })

  test('gets no click of yesterday together with one of today, since only older ones need a permission', async () => {
    const matomo = await startFakeMatomo()
    await put(10)
    const { outbox } = work(matomo, { now: noon + 23 * 3_600_000 + 4 * second })
    for (const _ of upTo(3)) await outbox.look()
    expect(matomo.sizes).toEqual([4, 6])
    expect(times(matomo)).toEqual(upTo(10))
  })

  test('gets nothing that is not a click, and such a row blocks none', async () => {
    const matomo = await startFakeMatomo()
    await put(1)
    await store.sql`update promo_outbox set body = body || '{"slug": null}'`
    await store.sql`insert into promo_outbox (target, body, due_at) values ('matomo', '{"at": "never"}', '-infinity')`
    const { outbox } = work(matomo)
    await outbox.look()
    expect(matomo.tracked.map((one) => one.get('link'))).toEqual(['https://news.example/'])
    expect(await waiting().catch(() => 'not a number')).toBe('not a number')
    await store.sql`delete from promo_outbox where refused is null`
    await store.sql`update promo_outbox set due_at = now()`
    await outbox.look()
    expect(await store.sql`select refused, attempts from promo_outbox`).toMatchObject([
      { refused: 'is not a click', attempts: 2 },
    ])
  })
})

describe('the outbox', () => {
  test('leases rows to one worker, and to another one when that is gone', async () => {
    await put(3)
    const claim = (limit: number) =>
      database.run((sql) => claimRows(sql, { target: 'matomo', limit, lease: 120, only: [], except: [] }))
    const ids = async (limit: number) => {
      const claimed = await claim(limit)
      return claimed.ok && claimed.value.map(({ id, attempts }) => [id, attempts])
    }
    expect(await ids(2)).toEqual([
      ['1', 1],
      ['2', 1],
    ])
    expect(await ids(2)).toEqual([['3', 1]])
    expect(await ids(2)).toEqual([])
    await store.sql`update promo_outbox set due_at = due_at - interval '121 seconds'`
    expect(await ids(5)).toEqual(['1', '2', '3'].map((id) => [id, 2]))
  })

  test('has limits, beyond which the oldest rows are lost and reported', async () => {
    const matomo = await startFakeMatomo()
    await put(5)
    await store.sql`update promo_outbox set created_at = now() - interval '15 days' where id <= 2`
    const { outbox, readings, messages } = work(matomo)
    await outbox.measure()
    expect(readings.age).toBeGreaterThan(14 * 86_400)
    expect(await waiting()).toHaveLength(3)
    expect(readings).toMatchObject({ sent: 0, givenUp: 2 })
    expect(messages).toEqual(['the outbox was over its limits: its oldest rows are lost'])
    await outbox.measure()
    expect(readings).toMatchObject({ waiting: 3, refused: 0 })
    expect(outbox.readings('webhook')).toMatchObject({
      waiting: 0,
      refused: 0,
      age: 0,
      sent: 0,
      failingFor: 0,
    })
  })

  test('does nothing before the database has its tables, without it, or after it was closed', async () => {
    const matomo = await startFakeMatomo()
    await put(1)
    const early = work(matomo, { ready: false })
    await early.outbox.look()
    await early.outbox.measure()
    const { outbox, readings } = work(matomo)
    await outbox.close(100)
    await outbox.look()
    await outbox.measure()
    expect(readings.waiting).toBe(0)
    expect(matomo.tracked).toEqual([])
  })

  test('continues with other targets while one hangs, or throws', async () => {
    await store.sql`insert into promo_outbox (target, body) select unnest('{slow,broken,quick}'::text[]), '{}'`
    const messages: string[] = []
    const log = pino({ level: 'info' }, { write: (line: string) => messages.push(JSON.parse(line).msg) })
    let release = () => {}
    const sent: string[] = []
    const target = (name: string, send: () => Promise<unknown>): Target => ({
      name,
      most: 1,
      async send(rows) {
        await send()
        sent.push(name)
        return { done: rows.map(({ id }) => id), givenUp: 0, refused: [] }
      },
    })
    const targets = [
      target('slow', () => new Promise<void>((resolve) => (release = resolve))),
      target('broken', () => Promise.reject(new Error('a bug'))),
      target('quick', async () => {}),
    ]
    const outbox = openOutbox({
      ...{ database, log, elapsed: () => 0, random: () => 0, ready: () => true },
      targets: async () => targets,
    })
    const looking = outbox.look()
    await expect.poll(() => sent).toEqual(['quick'])
    await store.sql`insert into promo_outbox (target, body) values ('quick', '{}')`
    void outbox.look()
    await expect.poll(() => sent).toEqual(['quick', 'quick'])
    await expect.poll(() => messages).toEqual(['the outbox failed unexpectedly'])
    await outbox.close(10)
    release()
    await looking
    expect(sent).toEqual(['quick', 'quick', 'slow'])
  })

  test('reports the one that has failed for longest, among targets of a kind', async () => {
    await store.sql`insert into promo_outbox (target, body) select 'hook:' || n, '{}' from generate_series(1, 3) n`
    const clock = { time: 0 }
    const target = (name: string, fault: boolean): Target => ({
      name,
      most: 1,
      send: async (rows) => ({
        done: fault ? [] : rows.map(({ id }) => id),
        ...{ givenUp: 0, refused: [] },
        ...(fault && { fault: { code: 'failing', message: name } }),
      }),
    })
    let targets: Target[] = [target('hook:1', false)]
    const outbox = openOutbox({
      ...{
        database,
        log: pino({ level: 'silent' }),
        elapsed: () => clock.time,
        random: () => 0,
        ready: () => true,
      },
      targets: async () => targets,
    })
    const readings = outbox.readings('hook')
    await outbox.look()
    expect(readings).toMatchObject({ fault: undefined, failingFor: 0, sent: 1 })
    for (const name of ['hook:2', 'hook:3']) {
      targets = [target(name, true)]
      clock.time += 1_000
      await outbox.look()
    }
    clock.time += 500
    expect(readings).toMatchObject({ fault: { message: 'hook:2' }, failingFor: 1_500 })
    expect(outbox.readings('other')).toMatchObject({ fault: undefined, failingFor: 0, givenUp: 0 })
    await outbox.close(10)
  })

  test('keeps its last state while the database does not answer', async () => {
    const matomo = await startFakeMatomo()
    await put(2)
    await store.sql`update promo_outbox set created_at = now() - interval '15 days'`
    let answers = 1
    const failing: Database = {
      up: true,
      trouble: undefined,
      close: async () => {},
      run: (statements, deadline) => {
        answers -= 1
        return answers >= 0
          ? database.run(statements, deadline)
          : Promise.resolve(fail({ code: 'timeout', message: '' }))
      },
    }
    const { outbox, readings } = work(matomo, { database: failing })
    await outbox.look()
    expect(times(matomo)).toEqual([0, 1])
    // They were sent, but that could not be stored: they are sent again when their lease is over.
    expect(await waiting()).toMatchObject([{ due: false }, { due: false }])
    answers = 1
    await outbox.measure()
    await outbox.measure()
    expect(readings).toMatchObject({ waiting: 2, givenUp: 0 })
  })
})
