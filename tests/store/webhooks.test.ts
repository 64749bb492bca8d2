import { readFileSync } from 'node:fs'
import { pino } from 'pino'
import * as v from 'valibot'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { fail } from '../../src/lib/base/result.ts'
import { type Database, openDatabase } from '../../src/lib/database/database.ts'
import { databaseUnavailable, json } from '../../src/lib/http/answer.ts'
import { openNotifications } from '../../src/lib/open/notifications.ts'
import { settle } from '../../src/lib/operations/settle.ts'
import { openOutbox } from '../../src/lib/outbox/outbox.ts'
import { createReports } from '../../src/lib/reports/reports.ts'
import { readConfig } from '../../src/lib/settings/config.ts'
import {
  addWebhook,
  dueWebhooks,
  findWebhook,
  forgetNews,
  listWebhooks,
  removeWebhook,
} from '../../src/lib/store/webhooks.ts'
import { isWebhookEvent, webhookEvents } from '../../src/lib/webhooks/events.ts'
import { newsOf, raise } from '../../src/lib/webhooks/raise.ts'
import { winnersReader } from '../../src/lib/webhooks/read-winners.ts'
import { openMessageSender } from '../../src/lib/webhooks/send-message.ts'
import { createWebhookTarget } from '../../src/lib/webhooks/target.ts'
import { createWatch, type OfferNews } from '../../src/lib/webhooks/watch.ts'
import { aClick, aHash, anImpression } from '../support/events.ts'
import { aSecret, type FakeReceiver, startFakeReceiver } from '../support/fake-receiver.ts'
import { fileDatabase, siteDatabase } from '../support/file-database.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'

const store = fileDatabase((sql) => sql`truncate promo_outbox, promo_webhooks restart identity cascade`)
const database = siteDatabase(store)

const add = (url: string, events: string[] = Object.keys(webhookEvents)) =>
  addWebhook(store.sql, { url, secret: aSecret, events, most: 20 })

/** A worker that sends to webhooks on this machine. */
function work(): { look: () => Promise<void>; failing: () => number; givenUp: () => number } {
  const sender = openMessageSender({ addresses: 'any', now: Date.now, elapsed: () => 0, patience: 2_000 })
  const outbox = openOutbox({
    ...{
      database,
      log: pino({ level: 'silent' }),
      elapsed: () => clock.time,
      random: () => 1,
      ready: () => true,
    },
    async targets() {
      const due = await database.run(dueWebhooks)
      return (due.ok ? due.value : []).map((webhook) =>
        createWebhookTarget(webhook, { database, sender, now: Date.now }),
      )
    },
  })
  const clock = { time: 0 }
  onTestFinished(async () => {
    sender.stop()
    await outbox.close(1_000)
  })
  const readings = outbox.readings('webhook')
  return {
    async look() {
      clock.time += 1_000_000
      await outbox.look()
    },
    failing: () => readings.failingFor,
    givenUp: () => readings.givenUp,
  }
}

const degraded = (reason: string, at = Date.now() + 60_000) =>
  newsOf({
    type: 'tracking.degraded',
    subject: reason,
    at,
    quiet: 600,
    data: { reason, since: '2026-11-18T12:00:00.000Z' },
  })
const typesOf = ({ messages }: FakeReceiver) => messages.map(({ type }) => type)
const waiting = async () => (await store.sql`select id from promo_outbox`).length
/** As if nobody had looked for so many seconds. */
const pass = (seconds: number) =>
  store.sql`update promo_webhook_news set seen_at = seen_at - ${seconds} * interval '1 second'`
const due = () => store.sql`update promo_outbox set due_at = now()`

describe('an event', () => {
  test('is sent once to each subscribed webhook, however many see it at the same moment', async () => {
    const receiver = await startFakeReceiver(aSecret)
    await add(receiver.url)
    await add(`${receiver.url}/other`, ['tracking.degraded'])
    await add(`${receiver.url}/third`, ['link.broken'])
    await Promise.all(
      Array.from({ length: 6 }, () => raise(database, [degraded('journal'), degraded('links')])),
    )
    expect(await waiting()).toBe(4)
    const { look } = work()
    await look()
    expect(receiver.forged).toBe(0)
    expect(receiver.messages).toHaveLength(4)
    expect(new Set(receiver.messages.map(({ id }) => id)).size).toBe(4)
    expect(receiver.messages[0]).toMatchObject({
      type: 'tracking.degraded',
      version: 1,
      timestamp: expect.stringMatching(/Z$/),
      data: { since: '2026-11-18T12:00:00.000Z' },
    })
    expect(await waiting()).toBe(0)
  })

  test('is sent again when its state changes, or it returns after a while', async () => {
    await add('https://one.example')
    const at = Date.now() + 60_000
    const winner = (variation: string, body: boolean) => {
      const data = { offer_id: 4, variation_id: 42, text: '', probability_best: 1, smoothed_ctr: 1, sends: 9 }
      const news = newsOf({ type: 'winner.confirmed', subject: '4', state: variation, at, data })
      return raise(database, [body ? news : { ...news, data: null }])
    }
    for (const [variation, body, count] of [
      ['', false, 0],
      ['42', true, 1],
      ['42', true, 1],
      ['43', true, 2],
      ['', false, 2],
      ['43', true, 3],
    ] as const) {
      await winner(variation, body)
      expect(await waiting()).toBe(count)
    }
    await pass(1_000_000)
    await winner('43', true)
    expect(await waiting()).toBe(3)
    await raise(database, [degraded('journal')])
    await pass(599)
    await raise(database, [degraded('journal')])
    await pass(599)
    await raise(database, [degraded('journal')])
    expect(await waiting()).toBe(4)
    await pass(601)
    await raise(database, [degraded('journal')])
    expect(await waiting()).toBe(5)
  })

  test('is not sent to a webhook that was added later, and is deleted with its webhook', async () => {
    await add('https://one.example')
    await raise(database, [degraded('journal', Date.now() - 60_000)])
    expect(await waiting()).toBe(0)
    await raise(database, [degraded('links')])
    expect(await waiting()).toBe(1)
    await forgetNews(store.sql, 1)
    expect(await store.sql`select 1 from promo_webhook_news`).toHaveLength(1)
    await pass(90_000)
    await forgetNews(store.sql, 1)
    expect(await store.sql`select 1 from promo_webhook_news`).toHaveLength(0)
    expect(await findWebhook(store.sql, 1)).toMatchObject([
      { id: 1, url: 'https://one.example', secret: aSecret, test_message: { type: 'webhook.test' } },
    ])
    expect(await removeWebhook(store.sql, 1)).toEqual([{ id: 1 }])
    expect(await removeWebhook(store.sql, 1)).toEqual([])
    expect(await waiting()).toBe(0)
  })

  test('is described in the guide, with every field', () => {
    const guide = readFileSync('src/sample-site/pages/docs/webhooks.md', 'utf8')
    for (const [type, schema] of Object.entries(webhookEvents)) {
      const row = guide.split('\n').find((line) => line.startsWith(`| \`${type}\``))
      for (const field of Object.keys(schema.entries))
        expect(row, `${type} ${field}`).toContain(`\`${field}\``)
    }
  })
})

describe('a webhook', () => {
  test('that does not accept a message gets it again, with growing pauses, for a day', async () => {
    const receiver = await startFakeReceiver(aSecret)
    await add(receiver.url)
    await raise(database, [degraded('journal')])
    receiver.instead = (_, response) => response.writeHead(500).end('{"message": "no room"}')
    const { look, givenUp } = work()
    const pauses: number[] = []
    for (let attempt = 1; attempt < 9; attempt += 1) {
      await look()
      const [row] = await store.sql`
        select round(extract(epoch from due_at - now()))::integer as pause, attempts, refused from promo_outbox
      `
      expect(row).toMatchObject({ attempts: attempt, refused: 'answered with status 500: no room' })
      pauses.push(row?.pause)
      await due()
    }
    expect(pauses).toEqual([5, 20, 80, 320, 1280, 5120, 14400, 14400])
    await store.sql`update promo_outbox set created_at = now() - interval '25 hours'`
    await look()
    expect(await waiting()).toBe(0)
    expect(givenUp()).toBe(1)
    const [webhook] = await listWebhooks(store.sql)
    expect(webhook?.answers).toHaveLength(9)
    expect(webhook?.answers[0]).toMatchObject({
      type: 'tracking.degraded',
      answer: 'answered with status 500: no room',
    })
    // Only the last ten stay.
    receiver.instead = undefined
    for (const reason of ['a', 'b']) {
      await raise(database, [degraded(reason)])
      await look()
    }
    const [{ answers } = { answers: [] }] = await listWebhooks(store.sql)
    expect(answers.map(({ answer }) => answer.slice(-3))).toEqual(['204', '204', ...Array(8).fill('oom')])
  })

  test('keeps its id through retries, and a bad message delays no other', async () => {
    const receiver = await startFakeReceiver(aSecret)
    await add(receiver.url)
    await store.sql`insert into promo_outbox (target, body) values ('webhook:1', '{"no": "message"}')`
    await raise(database, [degraded('journal'), degraded('links')])
    const ids: unknown[] = []
    receiver.instead = (request, response) => {
      ids.push(request.headers['webhook-id'])
      response.writeHead(ids.length === 1 ? 404 : 200).end()
    }
    const { look, givenUp } = work()
    await look()
    expect(ids).toHaveLength(2)
    expect(givenUp()).toBe(1)
    await due()
    await look()
    expect(ids[2]).toBe(ids[0])
    expect(await waiting()).toBe(0)
  })

  test('that hangs gets a pause with all its messages; one that is gone for good gets no more', async () => {
    const [slow, gone] = [await startFakeReceiver(aSecret), await startFakeReceiver(aSecret)]
    await add(slow.url)
    await add(gone.url)
    slow.instead = () => {}
    gone.instead = (_, response) => response.writeHead(410).end()
    await raise(database, [degraded('journal'), degraded('links')])
    const { look, failing, givenUp } = work()
    await look()
    expect(failing()).toBeGreaterThan(0)
    expect(givenUp()).toBe(2)
    expect(await store.sql`select attempts from promo_outbox order by id`).toMatchObject([
      { attempts: 1 },
      { attempts: 0 },
    ])
    slow.instead = undefined
    await due()
    await look()
    await look()
    await expect.poll(() => typesOf(slow)).toHaveLength(2)
  })

  test('has an id of its own, and there is a limit', async () => {
    for (const id of [1, 2])
      expect(
        await addWebhook(store.sql, { url: 'https://x.example', secret: aSecret, events: [], most: 2 }),
      ).toEqual([{ id }])
    expect(
      await addWebhook(store.sql, { url: 'https://x.example', secret: aSecret, events: [], most: 2 }),
    ).toEqual([])
  })
})

test('winners are those that the statistics confirm', async () => {
  const { sql } = store
  await sql`insert into promo_impression_tracking (event_id, offer_id, variation_id, newsletter_send_id, newsletter,
    recipients, tracked_at)
    select gen_random_uuid(), 4, variation, 'send ' || n, '', 10000, now() - (4 + n) * interval '1 day'
    from generate_series(1, 20) n, (values (42), (43)) texts (variation)`
  await sql`insert into promo_impression_tracking (event_id, offer_id, variation_id, newsletter_send_id, newsletter,
    recipients, tracked_at)
    values (gen_random_uuid(), 5, 50, 'other', '', 100, now() - interval '5 days')`
  await sql`insert into promo_send_metrics (impression_id, hours, clicks, human_clicks, clickers)
    select id, hours, clickers, clickers, clickers from promo_impression_tracking,
      (values (0, 0.35), (1, 0.15), (2, 0.1), (3, 0.12), (6, 0.12), (12, 0.1), (24, 0.06)) spans (hours, share),
      lateral (
        select ceil(share * (case variation_id when 42 then 450 when 43 then 250
          else 1 end + id * 37 % 41))::integer as clickers
      ) counted`
  const reading = createReports({ database, visits: () => 0, now: () => Date.now() })
  const winners = await winnersReader(reading)()
  expect(winners.toSorted((a, b) => a.offer_id - b.offer_id)).toEqual([
    {
      offer_id: 4,
      winner: {
        ...{ variation_id: 42, text: 'Build your dream startup this weekend', sends: 20 },
        probability_best: expect.closeTo(1, 1),
        smoothed_ctr: expect.closeTo(5, 0),
      },
    },
    { offer_id: 5 },
  ])
  const away = openDatabase({ locate: async () => fail({ message: '' }), log: pino({ level: 'silent' }) })
  const nothing = createReports({ database: away, visits: () => 0, now: () => Date.now() })
  expect(await winnersReader(nothing)()).toEqual([])
  const unread = winnersReader({ ...nothing, parseReportQuery: () => fail(databaseUnavailable) })
  expect(await unread()).toEqual([])
  await away.close()
})

test('a watch that throws is logged, and continues', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  await add('https://one.example')
  const messages: string[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => messages.push(JSON.parse(line).msg) })
  const config = readConfig({})
  if (!config.ok) throw new Error('the settings do not hold')
  const telling = openNotifications({
    ...{ config: config.value, database, log, now: Date.now, random: () => 0, ready: () => true },
    links: { peek: () => undefined },
    reading: createReports({ database, visits: () => 0, now: Date.now }),
    readHealth: () => Promise.reject(new Error('a bug')),
  })
  for (const times of [1, 2]) {
    await vi.advanceTimersByTimeAsync(15_000)
    await expect.poll(() => messages).toEqual(Array(times).fill('watching broke'))
  }
  await telling.close(100)
})

describe('the watch', () => {
  type Health = {
    reasons?: string[]
    links_left_out?: object[]
    links_at_fault?: object[]
    strapi?: object
    status?: number
  }
  function watch(given: { database?: Database } = {}) {
    const state: { health: Health; winners: OfferNews[]; now: number } = {
      health: {},
      winners: [],
      now: Date.now() + 60_000,
    }
    const { step } = createWatch({
      database: given.database ?? database,
      readHealth: async () => json(200, { links_left_out: [], ...state.health }),
      readWinners: async () => state.winners,
      observationMinutes: 15,
      now: () => state.now,
    })
    return { state, step }
  }
  const told = async () => {
    const rows = await store.sql<
      { body: { id: string; type: string; data: unknown } }[]
    >`select body from promo_outbox order by id`
    for (const { body } of rows) {
      expect(
        isWebhookEvent(body.type) && v.safeParse(webhookEvents[body.type], body.data).success,
        JSON.stringify(body),
      ).toBe(true)
    }
    await store.sql`delete from promo_outbox`
    return rows.map(({ body: { type, data } }) => ({ type, data }))
  }
  const hour = 3_600_000

  test('reports sends when they are reported, corrected and three days old', async () => {
    await add('https://one.example')
    await store.sql`update promo_webhooks set added_at = now() - interval '10 days'`
    const now = Date.now()
    const old = now - 72.5 * hour
    const send = (at: number, name: string, recipients: number) =>
      recordImpressions(store.sql, [
        anImpression({ at, newsletter_send_id: name, recipients, newsletter: 'weekly' }),
      ])
    await send(now - hour, 'new', 100)
    await send(old, 'old', 500)
    await send(now - 72.1 * hour, 'nearly', 500)
    await send(now - 200 * hour, 'long ago', 500)
    await recordImpressions(store.sql, [anImpression({ newsletter_send_id: null, at: now - hour })])
    await recordClicks(store.sql, [
      aClick({ at: old + 60_000, ip_hash: aHash(1) }),
      aClick({ at: old + 90_000, verdict: 'machine', reason: 'prefetch' }),
    ])
    await settle(database, { age: 0 })
    const watches = [watch(), watch()]
    await Promise.all(watches.map(({ step }) => step()))
    const common = { newsletter: 'weekly', offer_id: 4, offer_name: 'No Code MBA', variation_id: 42 }
    const isNew = {
      ...common,
      newsletter_send_id: 'new',
      recipients: 100,
      sent_at: new Date(now - hour).toISOString(),
    }
    expect(await told()).toEqual([
      { type: 'send.reported', data: isNew },
      {
        type: 'send.judged',
        data: {
          ...{ ...common, newsletter_send_id: 'old', recipients: 500, sent_at: new Date(old).toISOString() },
          ...{ clicks: 2, human_clicks: 1, clickers: 1 },
        },
      },
    ])
    await send(now - hour + 1, 'new', 120)
    for (const { step } of watches) await step()
    expect(await told()).toEqual([{ type: 'send.reported', data: { ...isNew, recipients: 120 } }])
  })

  test('reports faults and left-out links, once while they last', async () => {
    await add('https://one.example')
    const { state, step } = watch()
    state.health = {
      reasons: ['strapi'],
      links_left_out: [{ slug: 'bad', reason: 'no URL' }],
      links_at_fault: [
        ...['leads in a circle: /bad → /bad', 'hidden'].map((reason) => ({
          source: 'table',
          slug: 'bad',
          reason,
        })),
        { source: 'strapi', slug: 'loop', reason: 'leads in a circle: /loop → /loop' },
      ],
      strapi: { ok: false, left_out: [{ entry: 'desk (entry 7)', reason: 'no slug' }] },
    }
    for (let look = 0; look < 3; look += 1) await step()
    expect(await told()).toEqual([
      { type: 'link.broken', data: { source: 'strapi', link: 'desk (entry 7)', reason: 'no slug' } },
      {
        type: 'link.broken',
        data: { source: 'strapi', link: 'loop', reason: 'leads in a circle: /loop → /loop' },
      },
      {
        type: 'link.broken',
        data: { source: 'table', link: 'bad', reason: 'no URL; leads in a circle: /bad → /bad; hidden' },
      },
      { type: 'tracking.degraded', data: { reason: 'strapi', since: new Date(state.now).toISOString() } },
    ])
    state.health = { reasons: ['strapi', 'journal'], links_left_out: [{ slug: 'bad', reason: 'other' }] }
    await step()
    expect((await told()).map(({ data }) => data)).toMatchObject([{ reason: 'other' }, { reason: 'journal' }])
    state.health = { links_left_out: [{ what: 'is this' }] }
    await step()
    expect(await told()).toEqual([])
  })

  test('reports a fault that kept it from reporting, once that is over', async () => {
    await add('https://one.example')
    let up = true
    const failing: Database = {
      ...{ up, trouble: undefined, close: async () => {} },
      run: (statements, deadline) =>
        up ? database.run(statements, deadline) : Promise.resolve(fail({ code: 'unavailable', message: '' })),
    }
    const { state, step } = watch({ database: failing })
    await step()
    up = false
    const since = new Date(state.now).toISOString()
    state.health = { reasons: ['database'] }
    await step()
    state.now += 300_000
    up = true
    state.health = {}
    await step()
    await step()
    expect(await told()).toEqual([{ type: 'tracking.degraded', data: { reason: 'database', since } }])
  })

  test('reports winners when they change, and looks for them every ten minutes', async () => {
    await add('https://one.example')
    const { state, step } = watch()
    const winner = { variation_id: 42, text: 'Build', probability_best: 0.97, smoothed_ctr: 4.2, sends: 9 }
    const looks: [OfferNews, number, boolean][] = [
      [{ offer_id: 4 }, 0, false],
      [{ offer_id: 4, winner }, 599_999, false],
      [{ offer_id: 4, winner }, 1, true],
      [{ offer_id: 4, winner }, 600_000, false],
      [{ offer_id: 4 }, 600_000, false],
      [{ offer_id: 4, winner }, 600_000, true],
    ]
    for (const [offer, later, tells] of looks) {
      state.winners = [offer]
      state.now += later
      await step()
      expect(await told()).toEqual(
        tells ? [{ type: 'winner.confirmed', data: { offer_id: 4, ...winner } }] : [],
      )
    }
  })

  test('checks nothing that no webhook subscribes to', async () => {
    const { state, step } = watch()
    state.health = { reasons: ['journal'] }
    await step()
    await add('https://one.example', ['link.broken'])
    await recordImpressions(store.sql, [anImpression({ at: Date.now() })])
    await step()
    expect(await told()).toEqual([])
    expect(await store.sql`select 1 from promo_webhook_news`).toHaveLength(0)
  })
})
