import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { hashOfSecret } from '../../src/lib/conversions/postback.ts'
import { noContent } from '../../src/lib/http/answer.ts'
import type { PromoTracking } from '../../src/lib/index.ts'
import { savePostback } from '../../src/lib/store/postbacks.ts'
import { settleClicks } from '../../src/lib/store/settlement.ts'
import { addWebhook } from '../../src/lib/store/webhooks.ts'
import { clickIdOf } from '../../src/lib/tracking/click-id.ts'
import { nowhere, openTestApp } from '../support/app.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { insertQuickEditor } from '../support/editor.ts'
import { aClick, aHash } from '../support/events.ts'
import { failingFiles } from '../support/failing-files.ts'
import { matomoToken, startFakeMatomo } from '../support/fake-matomo.ts'
import { aSecret, startFakeReceiver } from '../support/fake-receiver.ts'
import { temporaryFolder } from '../support/folders.ts'
import { recordClicks } from '../support/record.ts'
import { waitFor } from '../support/wait.ts'

let database: TestDatabase

beforeEach(async () => {
  database = await createTestDatabase()
  await insertPromos(database.sql)
})
afterEach(() => database.drop())

const minute = 60_000
const hour = 60 * minute
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0'

/** Clicks on a link, one after the other, by readers with these headers. */
async function click(
  app: PromoTracking,
  address: string,
  clicks: Record<string, string>[],
  query = 'promo_var=42',
) {
  for (const headers of clicks) {
    const sent: Record<string, string> = { 'user-agent': firefox, ...headers }
    const header = (name: string) => sent[name]
    const client = app.client(address, header)
    await app.answerPromoLink({ method: 'GET', slug: 'nocodemba', query, header, client })
  }
}

/** Locks a table; answers a function that unlocks it. */
async function lock(table: string): Promise<() => Promise<void>> {
  const release = Promise.withResolvers<void>()
  const locked = Promise.withResolvers<void>()
  const locking = database.sql.begin(async (sql) => {
    await sql`lock table ${sql(table)} in access exclusive mode`
    locked.resolve()
    await release.promise
  })
  await locked.promise
  return async () => {
    release.resolve()
    await locking
  }
}

const metricsOf = async (app: PromoTracking) => `${(await app.readMetrics()).body}`.split('\n')

/** Waits until the database has so many clicks; answers them in the order in which they were recorded. */
async function recorded(count: number) {
  const read = () => database.sql`
    select verdict || ' ' || reason as told, newcomer from promo_click_tracking order by id
  `
  await expect.poll(async () => (await read()).length).toBe(count)
  return [...(await read())]
}
const told = async (count: number) => (await recorded(count)).map((row) => row.told)

/** From now on time passes for what is repeated only as the test says. */
function holdIntervals(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
}

test('links, health and hints follow the site’s base path and routes', async () => {
  const place = { version: '1.2.3', base: '/news', anyWord: '/[story]' }
  const { app } = await openTestApp(database.url, { place, settings: { SITE_URL: 'https://site.example' } })
  const promo = await app.selectPromo({})
  expect(promo.ok && promo.value.link).toMatch(/^https:\/\/site\.example\/news\/\w+\?promo_var=/)
  const health = JSON.parse(`${(await app.readHealth()).body}`)
  expect(health).toMatchObject({
    version: '1.2.3',
    hints: expect.arrayContaining([expect.stringContaining('links come before pages of /[story]')]),
  })
})

test('settling and purging still work if links cannot be read', async () => {
  await database.sql`alter table affiliate_links rename to elsewhere`
  const { app } = await openTestApp(database.url)
  expect(JSON.parse(`${(await app.readHealth()).body}`)).toMatchObject({ migrated: true })
  await expect
    .poll(async () => await database.sql`select from promo_retention where purged_at > '-infinity'`)
    .toHaveLength(1)
})

test('a site without links gets no hint about its routes', async () => {
  await database.sql`delete from affiliate_links`
  const { app } = await openTestApp(database.url, { place: { anyWord: '/[story]' } })
  expect(JSON.parse(`${(await app.readHealth()).body}`)).toMatchObject({ hints: [] })
})

describe('clicks are judged by', () => {
  test('the settings for duplicates and for visitors of one address', async () => {
    const settings = { PROMO_DUPLICATE_SECONDS: '0', PROMO_VISITORS_PER_ADDRESS: '1' }
    const { app } = await openTestApp(database.url, { settings })
    await click(app, '203.0.113.7', [{}, {}, { 'user-agent': `${firefox} else` }])
    expect(await told(3)).toEqual(['human none', 'human none', 'duplicate crowded_address'])
  })

  test('the setting for clicks a minute from one address', async () => {
    const { app } = await openTestApp(database.url, { settings: { PROMO_FLOOD_PER_MINUTE: '2' } })
    // Whoever has one address of an IPv6 network of 64 bits has all of them.
    for (const end of [1, 2, 3]) await click(app, `2001:db8::${end}`, [{ 'user-agent': `${firefox} ${end}` }])
    const surplus = () => database.sql`select reason, clicks from promo_surplus_clicks`
    await expect.poll(async () => [...(await surplus())]).toEqual([{ reason: 'flood', clicks: 1 }])
    expect(await told(2)).toEqual(['human none', 'human none'])
  })

  test('the settings for own networks and mail scanners', async () => {
    const file = join(temporaryFolder(), 'networks.json')
    const gate = { vendor: 'Gate', source: 'a page', date: '2026-11-25', networks: ['192.0.2.0/24'] }
    writeFileSync(file, JSON.stringify([gate]))
    const settings = { PROMO_OWN_NETWORKS: '198.51.100.0/24', PROMO_SCANNER_NETWORKS: file }
    const { app } = await openTestApp(database.url, { settings })
    for (const address of ['198.51.100.7', '192.0.2.7', '203.0.113.7']) await click(app, address, [{}])
    expect(await told(3)).toEqual(['machine own_network', 'machine scanner_network', 'human none'])
  })

  test('the session of an editor', async () => {
    const editor = { name: 'anna', password: 'correct horse battery' }
    await insertQuickEditor(database.sql, editor)
    const { app } = await openTestApp(database.url)
    const signedIn = await app.access.signIn({ ...editor, address: '203.0.113.7' })
    const cookie = signedIn.ok ? `a=b; ${signedIn.value.split(';')[0]}` : ''
    await click(app, '203.0.113.7', [{ cookie }, { cookie: `${cookie}x` }])
    expect(await told(2)).toEqual(['machine editor', 'human none'])
  })
})

test('settling follows the settings, and waits until a click’s neighbours can have arrived', async () => {
  holdIntervals()
  const settings = {
    PROMO_OBSERVATION_MINUTES: '2',
    PROMO_DUPLICATE_SECONDS: '1',
    PROMO_VISITORS_PER_ADDRESS: '1',
  }
  await openTestApp(database.url, { settings })
  const at = Date.now() - hour
  const visit = (visitor: number, after: number) =>
    aClick({ at: at + after, ip_hash: aHash(visitor), address_hash: 'office' })
  const known = async () => {
    const rows = await database.sql`select reason from promo_click_tracking order by id`
    const [mark] = await database.sql`
      select count(*)::integer as settled from promo_click_tracking, promo_settlement where id <= click_id
    `
    return { reasons: rows.map(({ reason }) => reason), settled: mark?.settled }
  }
  for (const one of [visit(1, 0), visit(1, 999), visit(1, 2_000), visit(2, 2_000), visit(3, 9_000)])
    await recordClicks(database.sql, [one])
  const age = (seconds: number) => database.sql`
    update promo_click_tracking set recorded_at = now() - ${seconds} * interval '1 second'
    where id <> (select max(id) from promo_click_tracking)
  `
  await age(100)
  await vi.advanceTimersByTimeAsync(15_000)
  await age(140)
  expect((await known()).settled).toBe(0)
  await vi.advanceTimersByTimeAsync(15_000)
  const reasons = ['none', 'repeated', 'none', 'crowded_address', 'none']
  await expect.poll(known).toEqual({ reasons, settled: 4 })
})

test('Matomo gets clicks when they are settled, and a stop waits for that', async () => {
  holdIntervals()
  const matomo = await startFakeMatomo()
  const settings = {
    SITE_URL: 'https://news.example',
    PROMO_MATOMO_URL: matomo.url,
    PROMO_MATOMO_SITE_ID: '7',
    PROMO_MATOMO_TOKEN: matomoToken,
    PROMO_MATOMO_DIMENSIONS: 'text:2',
  }
  await recordClicks(database.sql, [aClick({ at: Date.now() - hour })])
  await database.sql`update promo_click_tracking set recorded_at = now() - interval '1 hour'`
  matomo.instead = () => {}
  const { app } = await openTestApp(database.url, { settings })
  await vi.advanceTimersByTimeAsync(15_000)
  const waits = async () => (await database.sql`select id from promo_outbox`).length
  await expect.poll(waits).toBe(1)
  const metricsLater = async () => {
    await vi.advanceTimersByTimeAsync(10_000)
    return metricsOf(app)
  }
  await expect.poll(metricsLater).toContain('promo_outbox_waiting{target="matomo"} 1')
  expect(JSON.parse(`${(await app.readHealth()).body}`)).toMatchObject({ matomo: { ok: true, waiting: 1 } })
  await app.close()
  // What is ended while it hangs is sent again by whoever comes next.
  await expect.poll(waits).toBe(1)
  matomo.instead = undefined
  await database.sql`update promo_outbox set due_at = now()`
  await openTestApp(database.url, { settings })
  await expect
    .poll(async () => {
      await vi.advanceTimersByTimeAsync(2_000)
      return matomo.tracked.map((one) => [one.get('link'), one.get('dimension2')])
    })
    .toEqual([
      [
        'https://merchant.example/course?ref=daily&utm_source=dailybrief',
        '42 Build your dream startup this weekend',
      ],
    ])
})

test('webhooks are notified of events in the app', async () => {
  holdIntervals()
  const receiver = await startFakeReceiver(aSecret)
  const { app, messages } = await openTestApp(database.url, { settings: { PROMO_WEBHOOK_ADDRESSES: 'any' } })
  await addWebhook(database.sql, { url: receiver.url, secret: aSecret, events: ['link.broken'], most: 1 })
  await database.sql`update affiliate_links set destination_url = 'https://[bad' where slug = 'quietdesk'`
  await expect
    .poll(async () => {
      await vi.advanceTimersByTimeAsync(15_000)
      return receiver.messages.map(({ type, data }) => ({ type, link: data.link }))
    })
    .toEqual([{ type: 'link.broken', link: 'quietdesk' }])
  await expect.poll(() => metricsOf(app)).toContain('promo_outbox_sent_total{target="webhooks"} 1')
  expect(JSON.parse(`${(await app.readHealth()).body}`)).toMatchObject({ webhooks: { ok: true, sent: 1 } })
  await database.sql`alter table promo_webhooks rename to gone`
  await vi.advanceTimersByTimeAsync(15_000)
  await database.sql`alter table gone rename to promo_webhooks`
  expect(messages).not.toContain('watching broke')
})

test('details are kept for as long as the settings say', async () => {
  const day = 24 * hour
  await recordClicks(database.sql, [
    aClick({ at: Date.now() - 2 * day - hour, ip_hash: aHash(1) }),
    aClick({ at: Date.now() - 2 * day + hour, ip_hash: aHash(2) }),
  ])
  await settleClicks(database.sql, { age: 0, limit: 10, duplicateSeconds: 10, visitorsPerAddress: 5 })
  const { messages } = await openTestApp(database.url, { settings: { PROMO_RETAIN_DETAILS_DAYS: '2' } })
  await expect.poll(() => messages).toContain('purged')
  const rows = await database.sql`select ip_hash from promo_click_tracking order by clicked_at`
  expect(rows.map(({ ip_hash }) => ip_hash)).toEqual([null, aHash(2)])
})

test('clicks on unknown texts wait, up to the limit of the settings, until the database has decided', async () => {
  const dataDir = temporaryFolder()
  const { app } = await openTestApp(database.url, { dataDir, settings: { PROMO_UNCHECKED_MAX: '100' } })
  const unknown = (count: number) => click(app, '203.0.113.7', Array(count).fill({}), 'promo_var=4711')
  // On a slow machine, the database would decide about the first before the last has come.
  const unlock = await lock('promo_click_tracking')
  await unknown(11)
  await unlock()
  const rejected = 'promo_events_rejected_total{reason="unknown_variation"}'
  await expect.poll(() => metricsOf(app)).toContain(`${rejected} 10`)
  expect(await metricsOf(app)).toContain('promo_redirects_total{click="too_many_unchecked"} 1')
  expect(await app.readHealth()).toMatchObject({
    status: 503,
    body: expect.stringContaining('"reasons":["unchecked_clicks"]'),
  })
  await unknown(1)
  await expect.poll(() => metricsOf(app)).toContain(`${rejected} 11`)
})

test('a page of the site is never a link, even with a damaged path, and causes a hint', async () => {
  const { app } = await openTestApp(database.url, { pages: new Set(['nocodemba']) })
  const header = () => undefined
  const client = app.client('203.0.113.7', header)
  const click = { method: 'GET', query: 'promo_var=42', header, client }
  for (const end of ['', ').']) {
    expect(await app.answerPromoLink({ ...click, slug: `nocodemba${end}` })).toBeUndefined()
    expect(await app.answerPromoLink({ ...click, slug: `quietdesk${end}` })).toMatchObject({ status: 307 })
  }
  expect((await app.readHealth()).body).toContain('come before links of the same name')
})

test('guarded endpoints need the token of the settings, and analytics a session', async () => {
  const token = 'a-token-of-the-tests'
  const { app } = await openTestApp(database.url, { settings: { PROMO_INGEST_TOKEN: token } })
  const status = async (endpoint: 'track-click' | 'analytics', headers: Record<string, string> = {}) => {
    const request = new Request('http://localhost/', { headers })
    const client = app.caller('203.0.113.7', (name) => headers[name])
    return (await app.guard(endpoint, { request, client }, async () => noContent())).status
  }
  const authorization = `Bearer ${token}`
  expect(await status('track-click', { authorization })).toBe(204)
  expect(await status('track-click', { authorization: 'Bearer another-one-of-them' })).toBe(401)
  expect(await status('analytics', { authorization })).toBe(401)
})

test('health names offers to whoever may read metrics or analytics, and to nobody else', async () => {
  await database.sql`update promo_offers set link_slug = null where id = 4`
  const token = 'a-token-of-the-tests'
  const { app } = await openTestApp(database.url, { settings: { PROMO_INGEST_TOKEN: token } })
  const named = async (headers: Record<string, string> = {}) => {
    const client = app.caller('203.0.113.7', (name) => headers[name])
    const answer = await app.answerHealth({ request: new Request('http://localhost/', { headers }), client })
    return JSON.parse(`${answer.body}`).offers_without_slug
  }
  expect(await named({ authorization: `Bearer ${token}` })).toContain(4)
  expect(await named({ authorization: 'Bearer another-one-of-them' })).toEqual([])
  expect(await named()).toEqual([])
})

describe('without a database', () => {
  test('unreadable files of an earlier run are logged, and no id counts as unknown', async () => {
    const dataDir = temporaryFolder()
    const link = { slug: 'desk', destination_url: 'https://desk.example/', utm: {}, pass_parameters: false }
    const bad = { ...link, slug: 'bad', destination_url: 'https://[bad' }
    writeFileSync(join(dataDir, 'links.json'), JSON.stringify([link, bad]))
    writeFileSync(join(dataDir, 'variations.json'), JSON.stringify([{ variation_id: 'x' }, {}]))
    const { app } = await openTestApp(nowhere, { dataDir })
    expect(await metricsOf(app)).toEqual(
      expect.arrayContaining([
        'promo_rows_left_out{kind="link"} 1',
        'promo_rows_left_out{kind="variation"} 2',
        'promo_database_up 0',
      ]),
    )
    expect(await app.findIdFaults({ offer_id: 999 })).toEqual({})
    expect(JSON.parse(`${(await app.readHealth()).body}`)).toMatchObject({
      migrated: false,
      reasons: ['database', 'migrated'],
    })
  })

  test('journal and memory have the limits of the settings, and each write is synced', async () => {
    const dataDir = temporaryFolder()
    const link = { slug: 'nocodemba', destination_url: 'https://m.example/', utm: {}, pass_parameters: false }
    writeFileSync(join(dataDir, 'links.json'), JSON.stringify([link]))
    const files = failingFiles()
    const settings = {
      PROMO_JOURNAL_SYNC: 'fsync',
      PROMO_JOURNAL_MAX_MB: '1',
      PROMO_BUFFER_MAX_EVENTS: '1000',
    }
    const { app } = await openTestApp(nowhere, { dataDir, settings, files })
    const long = { 'user-agent': `${firefox} ${'x'.repeat(400)}` }
    // Simultaneous clicks are one write, which is accepted as a whole or not at all.
    for (let written = 0; written < 3_000; written += 100)
      await Promise.all(Array.from({ length: 100 }, () => click(app, '203.0.113.7', [long])))
    expect(files.calls.fdatasync).toBeGreaterThan(0)
    const lines = await metricsOf(app)
    const read = (name: string) => Number(lines.find((line) => line.startsWith(name))?.split(' ')[1])
    expect(read('promo_journal_bytes')).toBeGreaterThan(900_000)
    expect(read('promo_journal_bytes')).toBeLessThanOrEqual(1024 * 1024)
    expect(read('promo_redirects_total{click="in_memory"}')).toBeGreaterThan(0)
    expect(read('promo_redirects_total{click="lost"}')).toBeGreaterThan(0)
    expect(read('promo_events_lost_total')).toBe(read('promo_redirects_total{click="lost"}'))
  })
})

test('a proxy that the settings do not name is reported, and one that they name is not', async () => {
  const { app } = await openTestApp(database.url, { settings: { PROMO_TRUSTED_PROXIES: '10.0.0.2' } })
  const header = (name: string) => (name === 'x-forwarded-for' ? '203.0.113.7' : undefined)
  expect(app.client('10.0.0.2', header)).toEqual({ address: '203.0.113.7', forwarded: true })
  expect(await metricsOf(app)).toContain('promo_unnamed_proxy_requests 0')
  expect(app.client('10.0.0.3', header)).toEqual({ address: '10.0.0.3', forwarded: true })
  expect(await metricsOf(app)).toContain('promo_unnamed_proxy_requests 1')
})

test('every hour, changes that all instances have seen and visitors who are not stored are forgotten', async () => {
  holdIntervals()
  let time = Date.now()
  const { app } = await openTestApp(database.url, { now: () => time })
  await database.sql`insert into promo_catalogue_changes (changed_at) values (now() - interval '11 minutes')`
  const stranger = { dnt: '1' }
  await click(app, '203.0.113.7', [stranger])
  const began = time
  const tick = async (hours: number) => {
    time = began + hours * hour
    await vi.advanceTimersByTimeAsync(hour)
  }
  await tick(11)
  // Whoever comes would otherwise have the visitor before remembered for as long again.
  time = began + 21 * hour
  await click(app, '203.0.113.8', [stranger])
  await tick(22)
  time = began + 25 * hour
  await click(app, '203.0.113.7', [stranger])
  expect((await recorded(3)).map(({ newcomer }) => newcomer)).toEqual([true, true, true])
  const old = () =>
    database.sql`select 1 from promo_catalogue_changes where changed_at < now() - interval '10 minutes'`
  expect(await old()).toHaveLength(0)
})

test('a closed app leaves nothing behind: no connection, no file in its folder, and no log line', async () => {
  holdIntervals()
  const dataDir = temporaryFolder()
  const { app, messages } = await openTestApp(database.url, { dataDir })
  await click(app, '203.0.113.7', [{}])
  await app.close()
  expect(await recorded(1)).toHaveLength(1)
  expect(readdirSync(join(dataDir, 'journal')).filter((name) => /owner|journal$/.test(name))).toEqual([])
  const connections = () => database.sql`
    select pid from pg_stat_activity where datname = current_database() and application_name = 'promo'
  `
  await expect.poll(async () => (await connections()).length).toBe(0)
  const said = messages.length
  expect(vi.getTimerCount()).toBe(0)
  await vi.advanceTimersByTimeAsync(hour)
  expect(messages.slice(said)).toEqual([])
})

test.each([
  ['promo_catalogue_changes', 'links are looked after'],
  ['promo_hash_salts', 'the database is made ready'],
])('a stop that finds %s locked while %s does not log a database outage', async (table) => {
  holdIntervals()
  const dataDir = temporaryFolder()
  const first = await openTestApp(database.url, { dataDir })
  await first.app.close()
  const unlock = await lock(table)
  // Links that are known from before keep the start from waiting for the lock.
  const { app, messages } = await openTestApp(database.url, { dataDir })
  const closing = app.close()
  const unlocking = new Promise((resolve) => setTimeout(resolve, 100)).then(unlock)
  await Promise.all([closing, unlocking])
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(messages).toEqual([])
})

test('conversions from the API and from a network are counted at once', async () => {
  const { app } = await openTestApp(database.url)
  const sale = {
    external_id: 'o-1',
    variation_id: 42,
    amount: '12.50',
    currency: 'EUR',
    status: 'approved' as const,
  }
  expect(await app.findConversionFaults({ variation_id: 999 })).toEqual({
    variation_id: 'Variation ID 999 does not exist',
  })
  expect(await app.reportConversion(sale)).toBeUndefined()
  const counted = () => database.sql`
    select variation_id, conversions::integer from promo_conversion_metrics where conversions > 0
  `
  await expect.poll(async () => [...(await counted())]).toEqual([{ variation_id: 42, conversions: 1 }])

  const secret = 'a-secret-of-the-network'
  await savePostback(database.sql, 'nocodemba', {
    source: 'awin',
    secret_hash: hashOfSecret(secret),
    parameters: {},
  })
  const call = (secret: string) =>
    app.takePostback(
      new URLSearchParams({
        ...{ link: 'nocodemba', secret, external_id: 'o-2', amount: '1', currency: 'EUR' },
        click_id: clickIdOf('0198a8f0-0000-7000-8000-000000000001'),
      }),
    )
  expect(await call('another')).toMatchObject({ error: 'unauthorized' })
  expect(await call(secret)).toBeUndefined()
  const [kept] = await database.sql`select source, click_id from promo_conversions where external_id = 'o-2'`
  expect(kept).toEqual({ source: 'awin', click_id: '0198a8f0-0000-7000-8000-000000000001' })
})

test('health says that the clock of the site is far off', async () => {
  const { app } = await openTestApp(database.url, { now: () => 0 })
  const hints = async () => JSON.parse(`${(await app.readHealth()).body}`).hints
  const hint = expect.stringContaining("this machine's 1970-01-01T00:00:00Z: correct the one that is wrong")
  await waitFor(async () => expect(await hints()).toContainEqual(hint))
})
