import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { encodeRecord } from '../../src/lib/buffer/record.ts'
import { noContent } from '../../src/lib/http/answer.ts'
import { openPromoTracking } from '../../src/lib/index.ts'
import { readConfig } from '../../src/lib/settings/config.ts'
import { nowhere, openTestApp } from '../support/app.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick } from '../support/events.ts'
import { failingFiles } from '../support/failing-files.ts'
import { ownerThatDied, temporaryFolder } from '../support/folders.ts'

let database: TestDatabase

beforeEach(async () => {
  database = await createTestDatabase()
  await insertPromos(database.sql)
})
afterEach(() => database.drop())

const header = () => undefined

test('one app answers links, reports, choices, health and metrics, and counts what it answers', async () => {
  const { app } = await openTestApp(database.url)
  const local = (name: string) => (name === 'host' ? 'localhost:4321' : undefined)
  expect(app.client('::ffff:127.0.0.1', local)).toEqual({ address: '127.0.0.1', forwarded: false })
  const client = app.caller('::ffff:127.0.0.1', local)
  expect(client).toEqual({ address: '127.0.0.1', forwarded: false, local: true })
  expect(app.caller('::1', local, '1.0')).toMatchObject({ local: false })
  const click = { method: 'GET', slug: 'nocodemba', query: 'promo_var=42', header, client }
  expect(await app.answerPromoLink(click)).toMatchObject({ status: 307 })
  expect(await app.answerPromoLink({ ...click, query: 'promo_var=4711' })).toMatchObject({ status: 307 })
  expect(await app.answerPromoLink({ ...click, slug: 'unheard-of' })).toBeUndefined()
  const impression = { offer_id: 4, variation_id: 42, recipients: 10, newsletter_send_id: 'one' }
  expect(await app.reportImpression(impression)).toBeUndefined()
  expect(await app.reportImpression({ ...impression, offer_id: 999 })).toMatchObject({
    details: { offer_id: 'Offer ID 999 does not exist' },
  })
  expect(await app.findIdFaults({ offer_id: 999, recipients: 'many' })).toEqual({
    offer_id: 'Offer ID 999 does not exist',
  })
  expect(await app.reportClick({ variation_id: 43 })).toBeUndefined()
  expect(await app.selectPromo({})).toMatchObject({ ok: true, value: { strategy: 'weighted' } })
  expect(await app.selectPromo({ strategy: 'ctr_weighted' })).toMatchObject({
    value: { strategy: 'ctr_weighted' },
  })
  const request = new Request('http://localhost/')
  expect(await app.guard('metrics', { request, client }, async () => noContent())).toMatchObject({
    status: 204,
  })
  expect(await app.readHealth()).toMatchObject({ status: 200 })
  const { body } = await app.readMetrics()
  for (const line of [
    'promo_redirects_total{click="journaled"} 2',
    'promo_events_rejected_total{reason="unknown_variation"} 1',
    'promo_events_flushed_total 4',
    'promo_journal_depth 0',
    'promo_journal_bytes 0',
    'promo_journal_age_seconds 0',
    'promo_rejects 0',
    'promo_database_up 1',
    'promo_api_requests_total{endpoint="metrics",status="204"} 1',
  ]) {
    expect(body).toContain(line)
  }
  expect(await findDrift(database.sql)).toEqual([])
  const query = app.parseReportQuery(new URLSearchParams('days=7'), { counting: 'human' })
  const report = query.ok ? await app.readReport(query.value) : query
  expect(report).toMatchObject({ ok: true, value: { summary: { total_clicks: expect.any(Number) } } })
})

test('the device of a click is recorded, unless its visitor asks for nothing to be stored', async () => {
  const { app } = await openTestApp(database.url)
  const client = app.client('203.0.113.7', header)
  const user_agent =
    'Mozilla/5.0 (iPad; CPU OS 12_1_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
    'Mobile/16C50 Flipboard/4.2.32'
  for (const headers of [{}, { 'sec-gpc': '1' }, { dnt: '1' }]) {
    const sent: Record<string, string> = { ...headers, 'user-agent': user_agent }
    const query = 'promo_var=42'
    await app.answerPromoLink({
      method: 'GET',
      slug: 'nocodemba',
      query,
      header: (name) => sent[name],
      client,
    })
  }
  expect(await app.reportClick({ variation_id: 43, user_agent: 'Googlebot/2.1' })).toBeUndefined()
  expect(await app.reportClick({ variation_id: 43, user_agent })).toBeUndefined()
  const rows = await database.sql`
    select device, browser, os, verdict, rules_version from promo_click_tracking order by id
  `
  const flipboard = { device: 'tablet', browser: 'Flipboard', os: 'iOS', verdict: 'human', rules_version: 5 }
  const unknown = { device: null, browser: null, os: null }
  expect([...rows]).toEqual([
    flipboard,
    { ...flipboard, ...unknown },
    // The same person again, though nothing is kept of either click.
    { ...flipboard, ...unknown, verdict: 'duplicate' },
    { ...flipboard, ...unknown, verdict: 'machine' },
    flipboard,
  ])
})

test('an empty database is migrated; damage and faults of the journal are counted', async () => {
  const empty = await createTestDatabase({ empty: true })
  onTestFinished(empty.drop)
  const dataDir = temporaryFolder()
  mkdirSync(join(dataDir, 'journal'))
  writeFileSync(join(dataDir, 'journal', 'dead.owner'), ownerThatDied)
  writeFileSync(join(dataDir, 'journal', '000000000000001-000001.dead.journal'), 'damaged\n')
  const files = failingFiles()
  files.fail.open = 'EACCES'
  const { app, messages } = await openTestApp(empty.url, { files, dataDir })
  expect(messages).toContain('migrated the database')
  await insertPromos(empty.sql)
  expect(await app.reportClick({ variation_id: 42 })).toBeUndefined()
  const { body } = await app.readMetrics()
  expect(body).toContain('promo_journal_damaged_lines_total 1')
  expect(body).toContain('promo_journal_faults_total{code="unwritable"} 1')
  expect(body).toContain('promo_events_lost_total 0')
  expect(await app.readHealth()).toMatchObject({ status: 503 })
  await app.close()
})

test('an inaccessible journal folder affects neither health nor metrics', async () => {
  const dataDir = temporaryFolder()
  symlinkSync('journal', join(dataDir, 'journal'))
  const { app } = await openTestApp(database.url, { dataDir })
  expect(await app.reportClick({ variation_id: 42 })).toBeUndefined()
  expect(await app.readHealth()).toMatchObject({
    status: 503,
    body: expect.stringContaining('"reasons":["journal"]'),
  })
  expect((await app.readMetrics()).body).toContain('promo_journal_faults_total{code="unwritable"} 1')
})

test('failures to prepare or purge are logged, and the rest works', async () => {
  await database.sql`drop function promo_make_click_partition`
  await database.sql`drop table promo_event_keys`
  const { app, messages } = await openTestApp(database.url)
  expect(await app.selectPromo({})).toMatchObject({ ok: true })
  await expect.poll(() => messages).toContain('the purge could not be finished')
  expect(messages).toContain('click partitions could not be created in advance')
})

test('a day is purged once, whoever opens first', async () => {
  const first = await openTestApp(database.url)
  await expect.poll(() => first.messages).toContain('purged')
  const second = await openTestApp(database.url)
  await expect.poll(() => second.messages).toContain('already purged today')
  expect(second.messages).not.toContain('purged')
})

test('an implausible clock is logged, and nothing is purged', async () => {
  await database.sql`update promo_retention set looked_at = now() - interval '62 days'`
  const { messages } = await openTestApp(database.url)
  await expect.poll(() => messages).toContain('nothing is purged: the clock cannot be trusted')
  expect(messages).not.toContain('purged')
})

test('every ten seconds link damage is stored, and segments of gone instances are taken over', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const dataDir = temporaryFolder()
  const { app } = await openTestApp(database.url, { dataDir })
  const client = app.client('127.0.0.1', header)
  await app.answerPromoLink({ method: 'GET', slug: 'nocodemba).', query: 'promo_var=42', header, client })
  writeFileSync(join(dataDir, 'journal', 'dead.owner'), ownerThatDied)
  writeFileSync(
    join(dataDir, 'journal', '000000000000001-000001.dead.journal'),
    encodeRecord([aClick({ variation_id: 43 })]),
  )
  await vi.advanceTimersByTimeAsync(10_000)
  const damaged = async () => (await database.sql`select damaged::integer from promo_link_damage`)[0]?.damaged
  const adopted = async () =>
    (await database.sql`select clicks::integer from promo_text_variations where id = 43`)[0]?.clicks
  await expect.poll(damaged).toBe(1)
  await expect.poll(adopted).toBe(1)
  await app.close()
})

test('without a database it opens all the same, keeps submissions, and reports its state', async () => {
  const dataDir = temporaryFolder()
  const link = { slug: 'desk', destination_url: 'https://desk.example/', utm: {}, pass_parameters: false }
  writeFileSync(join(dataDir, 'links.json'), JSON.stringify([link]))
  const began = performance.now()
  const { app, messages } = await openTestApp(nowhere, { dataDir })
  // Half a second; a first start, which knows no links, waits for eight.
  expect(performance.now() - began).toBeLessThan(7_500)
  const client = app.client('127.0.0.1', header)
  expect(await app.answerPromoLink({ method: 'GET', slug: 'desk', query: '', header, client })).toMatchObject(
    {
      headers: { location: 'https://desk.example/' },
    },
  )
  await expect.poll(() => messages).toContain('the database cannot be used')
  expect(await app.reportImpression({ offer_id: 4, variation_id: 42, recipients: 1 })).toMatchObject({
    error: 'tracking_failed',
    fields: { queued: true },
  })
  expect(await app.readHealth()).toMatchObject({ status: 503 })
  expect((await app.readMetrics()).body).toContain('promo_journal_depth 1')
  expect((await app.readMetrics()).body).toContain('promo_database_up 0')
  await app.close()
})

test('an invalid file of networks is reported before anything is opened', async () => {
  const PROMO_SCANNER_NETWORKS = join(temporaryFolder(), 'none.json')
  const config = readConfig({ DATABASE_URL: nowhere, PROMO_SCANNER_NETWORKS })
  if (!config.ok) throw new Error('the settings do not hold')
  expect(await openPromoTracking({ config: config.value, log: createLog('silent') })).toMatchObject({
    ok: false,
    fault: { message: expect.stringMatching(/PROMO_SCANNER_NETWORKS.*\n.*none\.json cannot be read/) },
  })
})

test('a fault that a person has to fix is returned instead', async () => {
  const file = join(temporaryFolder(), 'file')
  writeFileSync(file, '')
  const config = readConfig({ PROMO_DATA_DIR: join(file, 'below') })
  if (!config.ok) throw new Error('the settings do not hold')
  const app = await openPromoTracking({ config: config.value, log: createLog('silent') })
  expect(app).toMatchObject({ ok: false, fault: { message: expect.stringContaining(file) } })
})

test('link damage is reported, and stored when the app closes', async () => {
  const { app } = await openTestApp(database.url)
  const click = { method: 'GET', slug: 'nocodemba).', header, client: app.client('127.0.0.1', header) }
  for (let asked = 0; asked < 20; asked += 1)
    await app.answerPromoLink({ ...click, query: asked < 15 ? 'promo_var=42' : 'promo_var=3D1' })
  expect((await app.readMetrics()).body).toContain('promo_damaged_links_total 15')
  await app.close()
  const counts = database.sql`
    select slug, sum(damaged)::integer as damaged, sum(unreadable)::integer as unreadable from promo_link_damage
    group by slug
  `
  expect(await counts).toEqual([{ slug: 'nocodemba', damaged: 15, unreadable: 5 }])
  const { app: later } = await openTestApp(database.url)
  expect(await later.describeLinkDamage(undefined, '2100-01-01')).toMatch(/^20 of 20 clicks/)
  expect((await later.readHealth()).body).toMatch(/in the last week 20 of 20 clicks/)
})
