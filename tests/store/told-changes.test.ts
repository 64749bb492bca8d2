import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { ok } from '../../src/lib/base/result.ts'
import { importCatalogue } from '../../src/lib/catalogue/import.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import { openKnown } from '../../src/lib/open/known.ts'
import { nowhere, openTestApp } from '../support/app.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { collection, type FakeEntry, startFakeStrapi } from '../support/fake-strapi.ts'
import { temporaryFolder } from '../support/folders.ts'

// Everything is fetched again after eight seconds anyway, which would hide that nobody has followed a change. Here that
// comes after 48, later than any test ends; a fetch that has failed is still tried again, after twelve.
beforeEach(() => {
  const now = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => now() / 6)
})
afterEach(() => {
  vi.restoreAllMocks()
})

let store: TestDatabase
beforeAll(async () => {
  store = await createTestDatabase()
  await insertPromos(store.sql)
})
afterAll(() => store?.drop())

type App = Awaited<ReturnType<typeof openTestApp>>['app']

const entry = (path: string): FakeEntry => ({
  ...{ id: 1, documentId: 'd1', slug: 'a', active: true },
  destination_url: `https://strapi.example/${path}`,
})
const locationOf = async (app: App, slug: string) => {
  const header = () => undefined
  const client = app.client('203.0.113.7', header)
  const answer = await app.answerPromoLink({ method: 'GET', slug, query: '', header, client })
  return answer?.headers?.location
}
/** Far longer than it takes on a slow machine. */
const patience = { interval: 20 }
/** More than two looks whether anything has changed. */
const twoLooks = 1_200

/** A Strapi whose only link leads to another place when the test says so. */
async function startStrapi() {
  let path = 'old'
  const strapi = await startFakeStrapi(collection(() => [entry(path)]))
  const change = () => {
    path = 'new'
  }
  const settings = { PROMO_LINKS: 'strapi', PROMO_STRAPI_URL: strapi.url }
  return { change, settings }
}

test('a webhook is followed by the instance that gets it if the database is away', async () => {
  const { change, settings } = await startStrapi()
  // With links that an earlier run has left, the start does not wait for the database.
  const dataDir = temporaryFolder()
  const left = { slug: 'a', destination_url: 'https://left.example/', utm: {}, pass_parameters: false }
  writeFileSync(join(dataDir, 'strapi-links.json'), JSON.stringify([left]))
  const { app } = await openTestApp(nowhere, { dataDir, settings })
  await expect.poll(() => locationOf(app, 'a'), patience).toBe('https://strapi.example/old')
  change()
  await sleep(twoLooks)
  expect(await locationOf(app, 'a')).toBe('https://strapi.example/old')
  expect(await app.linksChanged()).toMatchObject({
    status: 503,
    body: expect.stringContaining('Changed links take effect within ten seconds'),
  })
  await expect.poll(() => locationOf(app, 'a'), patience).toBe('https://strapi.example/new')
})

test('a webhook is followed by the other instances', async () => {
  const { change, settings } = await startStrapi()
  const { app } = await openTestApp(store.url, { settings })
  const { app: other } = await openTestApp(store.url, { settings })
  await expect.poll(() => locationOf(other, 'a'), patience).toBe('https://strapi.example/old')
  change()
  await sleep(twoLooks)
  expect(await locationOf(other, 'a')).toBe('https://strapi.example/old')
  expect(await app.linksChanged()).toMatchObject({ status: 204 })
  for (const one of [other, app])
    await expect.poll(() => locationOf(one, 'a'), patience).toBe('https://strapi.example/new')
})

test('a webhook makes offers of Strapi be imported', async () => {
  let name = 'Old'
  const offers = () => [{ id: 1, documentId: 'o1', name, link_slug: 'nocodemba', texts: [] }]
  const strapi = await startFakeStrapi(collection(offers))
  const settings = {
    ...{ PROMO_STRAPI_URL: strapi.url, PROMO_STRAPI_OFFERS_TYPE: 'promo-offers' },
    PROMO_STRAPI_OFFERS_FIELDS: 'name:name,link_slug:link_slug,variations:texts,text_content:text',
  }
  const { app } = await openTestApp(store.url, { settings })
  const imported = async () => {
    const [offer] = await store.sql`select name from promo_offers where document_id = 'o1'`
    return offer?.name
  }
  await expect.poll(imported, patience).toBe('Old')
  // Its own import is a change of the catalogue, too, after which Strapi is asked once more.
  await expect.poll(() => strapi.requests.length, patience).toBeGreaterThan(1)
  await sleep(twoLooks)
  name = 'New'
  await sleep(twoLooks)
  expect(await imported()).toBe('Old')
  expect(await app.linksChanged()).toMatchObject({ status: 204 })
  await expect.poll(imported, patience).toBe('New')
})

test('an import into the database is followed: links, and texts of an offer', async () => {
  const database = openDatabase({ locate: async () => ok(store.url), log: pino({ level: 'silent' }) })
  const known = openKnown({ database, folder: temporaryFolder(), log: pino({ level: 'silent' }) })
  onTestFinished(async () => {
    await known.stop()
    await database.close()
  })
  const told = async () => ({
    link: (await known.links.get('quietdesk'))?.location,
    text: known.variations.peek(50)?.link_slug,
  })
  const before = { link: 'https://desk.example/#top', text: 'quietdesk' }
  await expect.poll(told, patience).toEqual(before)
  await sleep(twoLooks)
  const links = [
    { slug: 'quietdesk', destination_url: 'https://new.example/' },
    { slug: 'desk', destination_url: 'https://desk.example/' },
  ]
  const offers = [{ name: 'Quiet Desk', link_slug: 'desk', variations: [] }]
  expect(await importCatalogue(database, { links, offers })).toMatchObject({ ok: true })
  await expect.poll(told, patience).toEqual({ link: 'https://new.example/', text: 'desk' })
})
