import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { ok } from '../../src/lib/base/result.ts'
import { importCatalogue } from '../../src/lib/catalogue/import.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import type { LinkSettings } from '../../src/lib/links/link-settings.ts'
import { listStrapiSlugs } from '../../src/lib/links/strapi-slugs.ts'
import { openKnown } from '../../src/lib/open/known.ts'
import { readConfig } from '../../src/lib/settings/config.ts'
import { linkFields, parseFields } from '../../src/lib/settings/strapi-fields.ts'
import { nowhere, openTestApp } from '../support/app.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import {
  collection,
  type FakeEntry,
  type FakeStrapi,
  sendError,
  someLinks,
  startFakeStrapi,
} from '../support/fake-strapi.ts'
import { temporaryFolder } from '../support/folders.ts'
import { atThisPace } from '../support/pace.ts'
import { patience } from '../support/patience.ts'

let store: TestDatabase

beforeAll(async () => {
  store = await createTestDatabase()
  await insertPromos(store.sql)
})
afterAll(() => store?.drop())

const entry = (id: number, slug: string, path = slug): FakeEntry => ({
  id,
  documentId: `d${id}`,
  slug,
  destination_url: `https://strapi.example/${path}`,
  active: true,
})

function open(strapi: FakeStrapi, from: 'strapi' | 'both', given: { folder?: string; url?: string } = {}) {
  const lines: { msg: string; slugs?: string[] }[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) })
  const database = openDatabase({ locate: async () => ok(given.url ?? store.url), log })
  const fields = parseFields(linkFields, linkFields.preset)
  if (!fields.ok) throw new Error(fields.fault)
  const place = { url: strapi.url, token: 'a-token-that-nobody-may-see', type: 'affiliate-links' }
  const settings: LinkSettings = { from, strapi: { ...place, fields: fields.value } }
  const folder = given.folder ?? temporaryFolder()
  const known = openKnown({ database, folder, log, from: settings })
  onTestFinished(async () => {
    known.stop()
    await database.close()
  })
  const locationOf = async (slug: string) => (await known.links.get(slug))?.location
  return { known, folder, lines, locationOf, messages: () => lines.map(({ msg }) => msg) }
}

describe('links from Strapi', () => {
  test('are all known after the first fetch, and none of the table', async () => {
    const strapi = await startFakeStrapi(collection(() => someLinks(130)))
    const { known, folder } = open(strapi, 'strapi')
    await known.asked(patience)
    expect([known.links.size, known.links.peek('link-130')?.location]).toEqual([
      130,
      'https://merchant.example/130',
    ])
    expect([known.table, known.links.peek('nocodemba'), known.inBoth()]).toEqual([undefined, undefined, []])
    expect(await known.refresh()).toBe(true)
    await expect.poll(() => existsSync(join(folder, 'strapi-links.json'))).toBe(true)
    expect(existsSync(join(folder, 'links.json'))).toBe(false)
  })

  test('are fetched at once when the catalogue’s version changes, and two seconds after a failure', async () => {
    let entries = [entry(1, 'a')]
    const strapi = await startFakeStrapi(collection(() => entries))
    const { known, locationOf } = open(strapi, 'strapi')
    await known.asked(patience)
    await known.strapi?.refresh()
    entries = [entry(1, 'a', 'new')]
    known.strapi?.follow('another')
    await expect.poll(() => locationOf('a'), { interval: 20 }).toBe('https://strapi.example/new')
    const asked = strapi.requests.length
    known.strapi?.follow('another')
    expect(strapi.requests).toHaveLength(asked)
    strapi.answer = (_, response) => sendError(response, 500, 'down')
    expect(await known.strapi?.refresh()).toBe(false)
    entries = [entry(1, 'a', 'newer')]
    strapi.answer = collection(() => entries)
    await expect.poll(() => locationOf('a'), { interval: 20 }).toBe('https://strapi.example/newer')
  })

  test('work without limit while it is down, also from a snapshot and without the database', async () => {
    const strapi = await startFakeStrapi(collection(() => someLinks(130)))
    const { known, folder, messages } = open(strapi, 'strapi')
    await known.asked(patience)
    await expect.poll(() => existsSync(join(folder, 'strapi-links.json'))).toBe(true)
    await strapi.stop()
    expect(await known.strapi?.refresh()).toBe(false)
    expect(known.links.size).toBe(130)
    expect(messages()).toContain('links of Strapi could not be fetched; those already known are kept')
    const later = open(strapi, 'strapi', { folder, url: nowhere })
    expect(later.known.links.peek('link-77')?.location).toBe('https://merchant.example/77')
    await later.known.asked(patience)
    expect(later.known.links.size).toBe(130)
    expect(await later.locationOf('made-up')).toBeUndefined()
    await strapi.start()
    expect(await later.known.strapi?.refresh()).toBe(true)
  })

  test('that disappear all at once are kept for ten seconds; some may go at any time', async () => {
    let entries = someLinks(3)
    const strapi = await startFakeStrapi(collection(() => entries))
    const { known } = open(strapi, 'strapi')
    await known.asked(patience)
    const time = vi.spyOn(performance, 'now')
    onTestFinished(() => void vi.restoreAllMocks())
    const now = performance.now()
    time.mockImplementation(() => now)
    entries = someLinks(1)
    expect([await known.strapi?.refresh(), known.links.size]).toEqual([true, 1])
    entries = []
    expect([await known.strapi?.refresh(), known.links.size]).toEqual([false, 1])
    time.mockImplementation(() => now + 10_001)
    expect([await known.strapi?.refresh(), known.links.size]).toEqual([true, 0])
  })

  test('that are invalid are left out and named, and the others are there', async () => {
    const bad = { ...entry(1, 'bad'), destination_url: 'javascript:alert(1)' }
    const long = { ...entry(3, 'long'), destination_url: `https://m.example/${'x'.repeat(2_100)}` }
    const strapi = await startFakeStrapi(
      collection(() => [bad, entry(2, 'good'), long, { ...entry(4, 'x'), slug: null }]),
    )
    const { known, folder, messages } = open(strapi, 'strapi')
    await known.asked(patience)
    expect(known.links.size).toBe(1)
    expect(known.strapi?.cache.leftOut.map(({ key, reason }) => `${key}: ${reason}`)).toEqual([
      'bad (entry d1): destination_url must be a complete URL that begins with https:// or http://',
      'long (entry d3): destination_url must have at most 2048 characters',
      '(without a slug) (entry d4): slug must be a string',
    ])
    expect(messages()).toContain('links of Strapi that cannot be read are left out: correct these rows')
    await expect.poll(() => existsSync(join(folder, 'strapi-links.json'))).toBe(true)
    expect(readFileSync(join(folder, 'strapi-links.json'), 'utf8')).not.toContain('javascript')
  })

  test('an unknown slug is looked up once; a hanging Strapi delays nobody else', async () => {
    let entries = [entry(1, 'a')]
    const strapi = await startFakeStrapi(collection(() => entries))
    const { known, locationOf } = open(strapi, 'strapi')
    await known.asked(patience)
    entries = [...entries, entry(2, 'b')]
    expect(await locationOf('b')).toBe('https://strapi.example/b')
    expect(known.links.peek('b')).toBeDefined()
    expect(await locationOf('made-up')).toBeUndefined()
    expect(known.links.get('made-up')).toBeUndefined()
    strapi.answer = () => {}
    const begun = performance.now()
    const waiting = Array.from({ length: 50 }, (_, index) => known.links.get(`made-up-${index}`))
    expect(waiting.filter((found) => found instanceof Promise)).toHaveLength(4)
    expect(known.links.get('a')).toMatchObject({ location: 'https://strapi.example/a' })
    expect(await Promise.all(waiting)).toEqual(Array(50).fill(undefined))
    expect(performance.now() - begun).toBeLessThan(atThisPace(20_000))
    expect(known.links.get('made-up-99')).toBeUndefined()
  })
})

describe('links from both', () => {
  test('are those of Strapi if both have them, else of either; duplicates are logged once', async () => {
    let entries = [entry(1, 'nocodemba'), entry(2, 'only-strapi')]
    const strapi = await startFakeStrapi(collection(() => entries))
    const { known, lines, locationOf } = open(strapi, 'both')
    await Promise.all([known.asked(patience), known.refresh()])
    await known.strapi?.refresh()
    expect(await locationOf('nocodemba')).toBe('https://strapi.example/nocodemba')
    expect(await locationOf('only-strapi')).toBe('https://strapi.example/only-strapi')
    expect(await locationOf('quietdesk')).toMatch(/^https:/)
    expect(known.inBoth()).toEqual(['nocodemba'])
    expect(known.links.size).toBe([...known.links.values()].length + 1)
    const told = () => lines.filter(({ slugs }) => slugs !== undefined)
    await known.strapi?.refresh()
    expect(told()).toMatchObject([{ slugs: ['nocodemba'], msg: expect.stringContaining('Strapi wins') }])
    entries = [entry(2, 'only-strapi')]
    await known.strapi?.refresh()
    expect(await locationOf('nocodemba')).toMatch(/nocodemba|merchant/)
    expect([known.inBoth(), told().length]).toEqual([[], 1])
  })

  test('a slug that neither knows is looked up in both', async () => {
    const strapi = await startFakeStrapi(collection(() => [entry(1, 'a')]))
    const { known, locationOf } = open(strapi, 'both')
    await Promise.all([known.asked(patience), known.refresh()])
    await known.strapi?.refresh()
    strapi.answer = collection(() => [entry(1, 'a'), entry(2, 'late')])
    expect(await locationOf('late')).toBe('https://strapi.example/late')
    await store.sql`insert into affiliate_links (slug, destination_url) values ('row', 'https://row.example/')`
    expect(await locationOf('row')).toBe('https://row.example/')
    expect(await locationOf('neither')).toBeUndefined()
  })

  test.for<[string, FakeStrapi['answer']]>([
    ['hangs', () => {}],
    ['is gone', (request) => request.socket.destroy()],
    ['answers garbage', (_, response) => response.end('<html>')],
    ['redirects in circles', (request, response) => response.writeHead(302, { location: request.url }).end()],
  ])('those of the table are available at once if Strapi %s', async ([, answer]) => {
    const strapi = await startFakeStrapi(answer)
    const { known, locationOf } = open(strapi, 'both')
    expect(await known.refresh()).toBe(true)
    await known.asked(100)
    expect(await locationOf('nocodemba')).toMatch(/^https:/)
    expect(known.links.peek('quietdesk')).toBeDefined()
  })
})

describe('offers of an import may name links of Strapi', () => {
  const slugsBy = async (environment: Record<string, string>) => {
    const config = readConfig(environment)
    if (!config.ok) throw new Error('the settings do not hold')
    return await listStrapiSlugs(config.value)
  }
  const file = { offers: [{ name: 'By Strapi', link_slug: 'only-strapi' }] }

  test('if links come from there', async () => {
    const strapi = await startFakeStrapi(collection(() => [entry(1, 'only-strapi')]))
    const slugs = await slugsBy({ PROMO_LINKS: 'both', PROMO_STRAPI_URL: strapi.url })
    const database = openDatabase({ locate: async () => ok(store.url), log: pino({ level: 'silent' }) })
    onTestFinished(() => database.close())
    const elsewhere = slugs.ok ? slugs.value : new Set<string>()
    expect(await importCatalogue(database, file, { elsewhere, dryRun: true })).toMatchObject({ ok: true })
    expect(await slugsBy({})).toEqual({ ok: true, value: new Set() })
    for (const none of [{}, { elsewhere: new Set<string>() }])
      expect(await importCatalogue(database, file, { ...none, dryRun: true })).toMatchObject({
        fault: { faults: [{ place: 'offers[0].link_slug' }] },
      })
  })

  test('and nothing is imported if Strapi cannot be asked', async () => {
    const strapi = await startFakeStrapi((_, response) => sendError(response, 401, 'Missing'))
    expect(await slugsBy({ PROMO_LINKS: 'strapi', PROMO_STRAPI_URL: strapi.url })).toMatchObject({
      ok: false,
      fault: { code: 'refused' },
    })
  })
})

describe('the site with Strapi', () => {
  const settings = (strapi: FakeStrapi, links = 'both') => ({
    PROMO_LINKS: links,
    PROMO_STRAPI_URL: strapi.url,
    PROMO_STRAPI_TOKEN: 'a-token-that-nobody-may-see',
  })
  const redirect = (app: Awaited<ReturnType<typeof openTestApp>>['app'], slug: string) => {
    const header = () => undefined
    const client = app.client('203.0.113.7', header)
    return app.answerPromoLink({ method: 'GET', slug, query: '', header, client })
  }
  const healthOf = async (app: Awaited<ReturnType<typeof openTestApp>>['app']) =>
    JSON.parse(`${(await app.readHealth()).body}`)

  test('knows its webhook by the secret', async () => {
    const secret = 'a-secret-of-the-webhook-of-strapi'
    const strapi = await startFakeStrapi(collection(() => [entry(1, 'a')]))
    const { app } = await openTestApp(store.url, {
      settings: { ...settings(strapi), PROMO_STRAPI_WEBHOOK_SECRET: secret },
    })
    expect(app.isWebhook(() => `Bearer ${secret}`)).toBe(true)
    expect(app.isWebhook(() => 'Bearer another')).toBe(false)
  })

  test('redirects to where Strapi says, and shows it in health and metrics', async () => {
    const bad = { ...entry(2, 'bad'), destination_url: 'ftp://x' }
    const entries = [
      entry(1, 'nocodemba'),
      bad,
      { ...entry(3, 'loop'), destination_url: 'https://site.example/loop' },
    ]
    const strapi = await startFakeStrapi(collection(() => entries))
    const { app } = await openTestApp(store.url, {
      settings: { ...settings(strapi), SITE_URL: 'https://site.example' },
    })
    expect(await redirect(app, 'nocodemba')).toMatchObject({
      status: 307,
      headers: { location: 'https://strapi.example/nocodemba' },
    })
    expect(await redirect(app, 'quietdesk')).toMatchObject({ status: 307 })
    const health = await healthOf(app)
    expect(health).toMatchObject({
      status: 'ok',
      strapi: { ok: true, links: 2, failing_seconds: 0, left_out: [{ entry: 'bad (entry d2)' }] },
      links_left_out: [],
    })
    expect(health.hints).toEqual([
      expect.stringContaining('strapi.left_out'),
      expect.stringContaining('remove them from the table: nocodemba'),
      expect.stringContaining('/loop → /loop'),
    ])
    const metrics = `${(await app.readMetrics()).body}`
    expect(metrics).toContain('promo_strapi_up 1')
    expect(metrics).toContain('promo_rows_left_out{kind="strapi_link"} 1')
  })

  test('says how to fix a fault, and never reveals the token', async () => {
    const strapi = await startFakeStrapi((_, response) => sendError(response, 403, 'Forbidden'))
    const lines: string[] = []
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(`${line}`) > 0)
    onTestFinished(() => write.mockRestore())
    const { app, messages } = await openTestApp(store.url, { settings: settings(strapi) })
    const health = await healthOf(app)
    expect(health).toMatchObject({ strapi: { ok: false, fault: 'refused', links: 0 } })
    expect(health.hints).toContainEqual(expect.stringContaining('PROMO_STRAPI_TOKEN'))
    expect(await redirect(app, 'nocodemba')).toMatchObject({ status: 307 })
    const metrics = `${(await app.readMetrics()).body}`
    expect(metrics).toContain('promo_strapi_up 0')
    for (const text of [JSON.stringify(health), metrics, messages.join(), lines.join()])
      expect(text).not.toContain('a-token-that-nobody-may-see')
  })

  test('follows a change that one instance learned of on all of them within a second', async () => {
    let entries = [entry(1, 'a')]
    const strapi = await startFakeStrapi(collection(() => entries))
    const apps = [
      (await openTestApp(store.url, { settings: settings(strapi, 'strapi') })).app,
      (await openTestApp(store.url, { settings: settings(strapi) })).app,
    ] as const
    const times: number[] = []
    for (let change = 1; change <= 5; change += 1) {
      entries = [entry(1, 'a', `${change}`)]
      const told = performance.now()
      expect(await apps[0].linksChanged()).toMatchObject({ status: 204 })
      for (const app of apps)
        await expect
          .poll(() => redirect(app, 'a'), { interval: 20 })
          .toMatchObject({ headers: { location: `https://strapi.example/${change}` } })
      times.push(performance.now() - told)
    }
    expect(times.toSorted((one, other) => one - other)[2]).toBeLessThan(atThisPace(3_000))
  })

  test('with links from Strapi only shows nothing about the table', async () => {
    const strapi = await startFakeStrapi(collection(() => [{ ...entry(1, 'nocodemba') }]))
    const { app } = await openTestApp(store.url, { settings: settings(strapi, 'strapi') })
    await store.sql`insert into affiliate_links (slug, destination_url) values ('amp', 'https://m.example/?a&amp;b')`
    expect(await redirect(app, 'nocodemba')).toMatchObject({ status: 307 })
    expect(await redirect(app, 'quietdesk')).toBeUndefined()
    expect(await healthOf(app)).toMatchObject({
      hints: [],
      links_left_out: [],
      strapi: { ok: true, links: 1 },
    })
  })

  test('starts at once with the snapshot of an earlier run, without Strapi and the database', async () => {
    const strapi = await startFakeStrapi(() => {})
    const dataDir = temporaryFolder()
    const left = { slug: 'left', destination_url: 'https://left.example/', utm: {}, pass_parameters: false }
    writeFileSync(join(dataDir, 'strapi-links.json'), JSON.stringify([left]))
    const begun = performance.now()
    const { app } = await openTestApp(nowhere, { dataDir, settings: settings(strapi, 'strapi') })
    expect(performance.now() - begun).toBeLessThan(atThisPace(7_500))
    expect(await redirect(app, 'left')).toMatchObject({ headers: { location: 'https://left.example/' } })
  })
})
