import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { ok } from '../../src/lib/base/result.ts'
import { importCatalogue } from '../../src/lib/catalogue/import.ts'
import { importOffers } from '../../src/lib/catalogue/import-offers.ts'
import { openStrapiOffers } from '../../src/lib/catalogue/strapi-offers.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import { strapiOffersHealth } from '../../src/lib/operations/strapi-health.ts'
import { offerFields, parseFields } from '../../src/lib/settings/strapi-fields.ts'
import { nowhere, openTestApp } from '../support/app.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick, anImpression } from '../support/events.ts'
import {
  collection,
  type FakeEntry,
  type FakeStrapi,
  sendError,
  startFakeStrapi,
} from '../support/fake-strapi.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'

let store: TestDatabase

beforeEach(async () => {
  store = await createTestDatabase()
  await insertPromos(store.sql)
})
afterEach(() => store.drop())

const mapping = 'name:name,link_slug:link_slug,weight:weight,variations:texts,text_content:text'
const text = (id: number, said: string): FakeEntry => ({ id, documentId: `t${id}`, text: said })
const offer = (id: number, name: string, texts: object[], more: object = {}): FakeEntry => ({
  ...{ id, documentId: `o${id}`, name, link_slug: 'nocodemba', weight: 1, texts },
  ...more,
})

/** Offers as the tests find them in the database, texts with their offer. */
const offersNow = () => store.sql`
  select id, name, link_slug, weight, active, total_clicks::integer as clicks, document_id
  from promo_offers where id <> 6 order by id`
const textsNow = (offerId: number) => store.sql`
  select id, text_content, approved, clicks::integer, document_id
  from promo_text_variations where offer_id = ${offerId} order by id`

function open(strapi: FakeStrapi, given: { url?: string; elsewhere?: string[]; ready?: () => boolean } = {}) {
  const lines: { msg: string; entries?: unknown; changes?: unknown }[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) })
  const database = openDatabase({ locate: async () => ok(given.url ?? store.url), log })
  const fields = parseFields(offerFields, mapping)
  if (!fields.ok) throw new Error(fields.fault)
  const place = { url: strapi.url, token: 'a-token-that-nobody-may-see', type: 'promo-offers' }
  const offers = openStrapiOffers({
    settings: { ...place, fields: fields.value },
    ...{ database, log, siteUrl: 'https://news.example', elapsed: () => performance.now() },
    ready: given.ready ?? (() => true),
    elsewhere: async () => new Set(given.elsewhere),
  })
  onTestFinished(async () => {
    offers.stop()
    await database.close()
  })
  return { offers, database, lines, messages: () => lines.map(({ msg }) => msg) }
}

const told = ({ offers }: ReturnType<typeof open>) =>
  offers.leftOut.map(({ key, reason }) => `${key}: ${reason}`)

describe('offers from Strapi', () => {
  test('keep their identity and counts when they are renamed and their texts corrected', async () => {
    let entries = [offer(1, 'Desk', [text(1, 'A quiet desc'), text(2, 'Other')])]
    const { offers, lines } = open(await startFakeStrapi(collection(() => entries)))
    expect(await offers.refresh()).toBe(true)
    const [made] = await store.sql`select id from promo_offers where name = 'Desk'`
    const [first, second] = await textsNow(made?.id)
    expect([first, second]).toMatchObject([
      { text_content: 'A quiet desc', approved: true, document_id: 't1' },
      { text_content: 'Other', approved: true, document_id: 't2' },
    ])
    const place = { offer_id: made?.id, variation_id: first?.id }
    await recordImpressions(store.sql, [anImpression({ ...place, recipients: 10 })])
    await recordClicks(store.sql, [aClick(place)])
    entries = [offer(1, 'The quiet desk', [text(2, 'Other'), text(1, 'A quiet desk'), text(3, 'New')])]
    expect(await offers.refresh()).toBe(true)
    expect((await offersNow()).at(-1)).toMatchObject({
      ...{ id: made?.id, name: 'The quiet desk', clicks: 1, document_id: 'o1' },
    })
    expect(await textsNow(made?.id)).toMatchObject([
      { id: first?.id, text_content: 'A quiet desk', clicks: 1 },
      { id: second?.id, text_content: 'Other', clicks: 0 },
      { text_content: 'New', document_id: 't3' },
    ])
    expect(lines.at(-1)).toMatchObject({
      changes: [
        '~ offer "The quiet desk": name "Desk" → "The quiet desk"',
        '~ variation "A quiet desk" of "The quiet desk": text_content "A quiet desc" → "A quiet desk"',
        '+ variation "New" of "The quiet desk"',
      ],
    })
    expect(await findDrift(store.sql)).toEqual([])
    const before = [await offersNow(), await textsNow(made?.id), lines.length]
    expect(await offers.refresh()).toBe(true)
    expect([await offersNow(), await textsNow(made?.id), lines.length]).toEqual(before)
  })

  test('may swap their names, and two texts their contents', async () => {
    let entries = [offer(1, 'A', [text(1, 'one'), text(2, 'two')]), offer(2, 'B', [])]
    const { offers } = open(await startFakeStrapi(collection(() => entries)))
    await offers.refresh()
    const idOf = async (document: string) => {
      const [row] = await store.sql`select id, name from promo_offers where document_id = ${document}`
      return row
    }
    const [a, b] = [await idOf('o1'), await idOf('o2')]
    entries = [offer(1, 'B', [text(1, 'two'), text(2, 'one')]), offer(2, 'A', [])]
    expect(await offers.refresh()).toBe(true)
    expect([await idOf('o1'), await idOf('o2')]).toEqual([
      { id: a?.id, name: 'B' },
      { id: b?.id, name: 'A' },
    ])
    expect(await textsNow(a?.id)).toMatchObject([
      { document_id: 't1', text_content: 'two' },
      { document_id: 't2', text_content: 'one' },
    ])
  })

  test('adopt existing rows by their names, even those of a recreated entry', async () => {
    let entries = [offer(1, 'No Code MBA', [text(1, 'Want to build apps without code?')], { weight: 9 })]
    const { offers } = open(await startFakeStrapi(collection(() => entries)))
    await offers.refresh()
    const adopted = await textsNow(4)
    expect(adopted).toMatchObject([
      { id: 42, approved: true, document_id: null },
      { id: 43, approved: true, document_id: 't1' },
      { id: 44, approved: false, document_id: null },
    ])
    entries = [offer(7, 'No Code MBA', [text(8, 'Want to build apps without code?')], { weight: 9 })]
    await offers.refresh()
    expect((await offersNow())[0]).toMatchObject({ id: 4, weight: 9, document_id: 'o7' })
    expect((await textsNow(4))[1]).toMatchObject({ id: 43, document_id: 't8' })
    expect(await textsNow(4)).toHaveLength(3)
  })

  test('that are gone are no longer chosen, return as they were, and nothing is deleted', async () => {
    const all = [offer(1, 'A', [text(1, 'one'), text(2, 'two')]), offer(2, 'B', [text(3, 'three')])]
    let entries = all
    const { offers, messages } = open(await startFakeStrapi(collection(() => entries)))
    await offers.refresh()
    const [a, b] = (await offersNow()).slice(-2)
    entries = [offer(1, 'A', [text(2, 'two')])]
    expect(await offers.refresh()).toBe(true)
    expect(await offersNow()).toMatchObject([
      { id: 4, active: true },
      { id: 5, active: true },
      { id: a?.id, active: true },
      { id: b?.id, active: false },
    ])
    expect(await textsNow(a?.id)).toMatchObject([{ approved: false }, { approved: true }])
    expect(messages().at(-1)).toContain('changed 1 offer, changed 1 variation')
    entries = all
    await offers.refresh()
    expect((await offersNow()).slice(-2)).toEqual([a, b])
    expect(await textsNow(a?.id)).toMatchObject([{ approved: true }, { approved: true }])
    entries = []
    expect(await offers.refresh()).toBe(true)
    expect((await offersNow()).slice(-2)).toEqual([a, b])
    expect(offers.count).toBe(0)
  })

  test('with components as texts create a corrected one, and retire the former one', async () => {
    let entries = [
      offer(1, 'A', [
        { id: 1, text: 'one' },
        { id: 2, text: 'two' },
      ]),
    ]
    const { offers } = open(await startFakeStrapi(collection(() => entries)))
    await offers.refresh()
    const [a] = (await offersNow()).slice(-1)
    const [one, two] = await textsNow(a?.id)
    entries = [
      offer(1, 'A', [
        { id: 8, text: 'two' },
        { id: 9, text: 'three' },
      ]),
    ]
    await offers.refresh()
    expect(await textsNow(a?.id)).toMatchObject([
      { id: one?.id, approved: false },
      { id: two?.id, approved: true },
      { text_content: 'three', approved: true },
    ])
  })

  test('share a text, which is a row of each of them', async () => {
    const entries = [offer(1, 'A', [text(1, 'one')]), offer(2, 'B', [text(1, 'one')])]
    const { offers } = open(await startFakeStrapi(collection(() => entries)))
    await offers.refresh()
    for (const { id } of (await offersNow()).slice(-2))
      expect(await textsNow(id)).toMatchObject([{ document_id: 't1' }])
  })

  test('that are invalid stay unchanged and are named, without affecting others', async () => {
    let entries = [offer(1, 'A', [text(1, 'one')]), offer(2, 'B', []), offer(3, 'C', [text(4, 'four')])]
    const opened = open(await startFakeStrapi(collection(() => entries)), { elsewhere: ['of-strapi'] })
    const { offers, lines } = opened
    await offers.refresh()
    const before = await offersNow()
    entries = [
      offer(1, 'A', [text(1, 'one, anew'), text(2, ''), text(3, 'one, anew')], { weight: 5 }),
      offer(2, 'B', [text(5, 'x')], { link_slug: 'nowhere', weight: 5 }),
      offer(3, 'Quiet Desk', [text(4, 'four')], { weight: 5 }),
      offer(4, 'A', []),
      offer(5, 'D', [], { link_slug: 'of-strapi' }),
    ]
    expect(await offers.refresh()).toBe(true)
    expect(told(opened)).toEqual([
      'text t2 of A (entry o1): text_content: must not be empty',
      'A (entry o4): name: is the same as that of A (entry o1)',
      'text t3 of A (entry o1): text_content: is the same as that of text t1 of A (entry o1)',
      'B (entry o2): link_slug: there is no link /nowhere',
      'Quiet Desk (entry o3): name: is that of another offer in the database (id 5); rename one of them first',
    ])
    expect(await offersNow()).toMatchObject([
      ...before.slice(0, 2),
      { name: 'A', weight: 5 },
      { name: 'B', weight: 1, active: true },
      { name: 'C', weight: 1, active: true },
      { name: 'D', link_slug: 'of-strapi' },
    ])
    expect(await textsNow(before[2]?.id)).toMatchObject([{ text_content: 'one, anew' }])
    const warnings = () => lines.filter(({ entries }) => entries !== undefined).length
    expect(warnings()).toBe(1)
    await offers.refresh()
    expect(warnings()).toBe(1)
    entries = [offer(1, '', [])]
    expect(await offers.refresh()).toBe(true)
    expect(told(opened)).toEqual([' (entry o1): name: must not be empty'])
    expect((await offersNow()).slice(2)).toMatchObject([
      { name: 'A', active: true },
      { name: 'B', active: false },
      { name: 'C', active: false },
      { name: 'D', active: false },
    ])
  })

  test('do not adopt the row of another entry that is invalid', async () => {
    let entries = [offer(1, 'A', [])]
    const { offers } = open(await startFakeStrapi(collection(() => entries)))
    await offers.refresh()
    const [a] = (await offersNow()).slice(-1)
    entries = [offer(1, 'Renamed', [], { weight: -1 }), offer(2, 'A', [])]
    await offers.refresh()
    expect((await offersNow()).slice(-2)).toMatchObject([a ?? {}, { name: 'A', document_id: 'o2' }])
  })

  test('with a text that equals another one without an entry are reported', async () => {
    let entries = [offer(1, 'No Code MBA', [text(1, 'Mine')])]
    const opened = open(await startFakeStrapi(collection(() => entries)))
    await opened.offers.refresh()
    entries = [offer(1, 'No Code MBA', [text(1, 'Turn your business ideas into reality')])]
    await opened.offers.refresh()
    expect(told(opened)).toEqual([
      'text t1 of No Code MBA (entry o1): text_content: is that of another text of this offer in the ' +
        'database (id 44); rename one of them first',
    ])
  })

  test('from an earlier request never replace those from a later one', async () => {
    const answers: (() => void)[] = []
    let entries = [offer(1, 'Old', [])]
    const strapi = await startFakeStrapi((request, response) => {
      const now = entries
      answers.push(() => collection(() => now)(request, response))
    })
    const [slow, fast] = [open(strapi), open(strapi)]
    const early = slow.offers.refresh()
    await expect.poll(() => answers.length).toBeGreaterThan(0)
    const waiting = answers.splice(0)
    entries = [offer(1, 'New', [])]
    strapi.answer = collection(() => entries)
    expect(await fast.offers.refresh()).toBe(true)
    for (const answer of waiting) answer()
    await early
    expect((await offersNow()).at(-1)).toMatchObject({ name: 'New' })
  })

  test('stay unchanged while Strapi or the database is down, and are imported afterwards', async () => {
    const strapi = await startFakeStrapi(collection(() => [offer(1, 'A', [])]))
    const { offers, messages } = open(strapi)
    await offers.refresh()
    expect([offers.fault, offers.failingFor]).toEqual([undefined, 0])
    strapi.answer = (_, response) => sendError(response, 403, 'Forbidden')
    expect([await offers.refresh(), await offers.refresh()]).toEqual([false, false])
    expect(offers.fault).toMatchObject({
      code: 'refused',
      advice: expect.stringContaining('PROMO_STRAPI_TOKEN'),
    })
    expect(offers.failingFor).toBeGreaterThan(0)
    expect(messages().filter((message) => message.startsWith('offers of Strapi are not'))).toHaveLength(1)
    expect((await offersNow()).at(-1)).toMatchObject({ name: 'A', active: true })
    strapi.answer = collection(() => [offer(1, 'B', [])])
    await expect.poll(async () => (await offersNow()).at(-1), { interval: 50 }).toMatchObject({ name: 'B' })
    const away = open(strapi, { url: nowhere })
    expect(await away.offers.refresh()).toBe(false)
    expect(away.offers.fault).toMatchObject({ code: 'database' })
  })

  test('are planned only if they, our tables or the links elsewhere have changed', async () => {
    let entries = [offer(1, 'A', [text(1, 'one')]), offer(2, 'B', [], { link_slug: 'of-strapi' })]
    const elsewhere = ['of-strapi']
    const strapi = await startFakeStrapi(collection(() => entries, { etags: true }))
    const { offers } = open(strapi, { elsewhere })
    /** Whether an answer was planned, which leaves its turn behind. */
    const planned = async () => {
      expect(await offers.refresh()).toBe(true)
      const [turns] = await store.sql`select asked = imported as planned from promo_strapi_turns`
      return turns?.planned
    }
    expect(await planned()).toBe(true)
    // The first import has changed our tables.
    await planned()
    expect([await planned(), await planned()]).toEqual([false, false])
    expect(strapi.requests.at(-1)?.headers['if-none-match']).toBeDefined()
    expect(offers).toMatchObject({ count: 2, leftOut: [] })

    await store.sql`update promo_offers set weight = 7 where document_id = 'o1'`
    expect(await planned()).toBe(true)
    expect((await offersNow()).at(-2)).toMatchObject({ name: 'A', weight: 1 })
    await planned()
    expect(await planned()).toBe(false)

    entries = [offer(1, 'A', [text(1, 'One')]), ...entries.slice(1)]
    expect(await planned()).toBe(true)
    await planned()
    elsewhere.pop()
    expect(await planned()).toBe(true)
    expect(offers.leftOut).toMatchObject([{ reason: 'link_slug: there is no link /of-strapi' }])
    await planned()
    expect([await planned(), offers.leftOut.length]).toEqual([false, 1])

    strapi.answer = (_, response) => sendError(response, 500, 'Oops')
    expect(await offers.refresh()).toBe(false)
    strapi.answer = collection(() => entries)
    expect(await planned()).toBe(true)
    expect([await planned(), offers.fault]).toEqual([false, undefined])
  })

  test('wait for the tables of this version', async () => {
    const strapi = await startFakeStrapi(collection(() => [offer(1, 'A', [])]))
    let ready = false
    const { offers } = open(strapi, { ready: () => ready })
    expect(await offers.refresh()).toBe(false)
    expect(strapi.requests).toHaveLength(0)
    ready = true
    expect(await offers.refresh()).toBe(true)
  })
})

test('an import file may name document ids, keeps those that it leaves out, and repeats none', async () => {
  const { database } = open(await startFakeStrapi((request) => request.socket.destroy()))
  const file = (more: object) => ({ offers: [{ name: 'Quiet Desk', link_slug: 'quietdesk', ...more }] })
  const documentNow = async () => (await offersNow())[1]?.document_id
  expect(await importCatalogue(database, file({ document_id: 'x' }))).toMatchObject({ ok: true })
  expect(await importCatalogue(database, file({}))).toMatchObject({ ok: true })
  expect(await documentNow()).toBe('x')
  const renamed = { offers: [{ name: 'Loud Desk', link_slug: 'quietdesk', document_id: 'x' }] }
  expect(await importCatalogue(database, renamed)).toMatchObject({ ok: true })
  expect((await offersNow())[1]).toMatchObject({ id: 5, name: 'Loud Desk', active: true })
  expect(
    await importCatalogue(database, { offers: [{ ...renamed.offers[0], document_id: null }] }),
  ).toMatchObject({
    ok: true,
  })
  expect(await documentNow()).toBe(null)
  const texts = ['a', 'b'].map((text_content) => ({ text_content, document_id: 't' }))
  const twice = [
    { name: 'A', link_slug: 'quietdesk', document_id: 'x', variations: texts },
    { name: 'B', link_slug: 'quietdesk', document_id: 'x' },
  ]
  expect(await importCatalogue(database, { offers: twice })).toMatchObject({
    fault: {
      faults: [
        { place: 'offers[1].document_id', message: 'is the same as offers[0].document_id' },
        { place: 'offers[0].variations[1].document_id' },
      ],
    },
  })
})

test('health reports offers that are not imported, or none at all, and the database separately', () => {
  const fault = { code: 'refused', message: 'x', advice: 'mend it' } as const
  const none = { leftOut: [], failingFor: 0, fault: undefined, count: undefined }
  expect(strapiOffersHealth(none)).toMatchObject({ degraded: false, told: { ok: true, offers: null } })
  const failing = { ...none, fault, failingFor: 30_001, count: 2 }
  expect(strapiOffersHealth(failing)).toMatchObject({
    ...{ degraded: true, hints: ['mend it', false, false] },
    told: { ok: false, fault: 'refused', offers: 2, failing_seconds: 30 },
  })
  expect(strapiOffersHealth({ ...failing, failingFor: 30_000 }).degraded).toBe(false)
  expect(strapiOffersHealth({ ...failing, fault: { code: 'database', message: 'x' } }).degraded).toBe(false)
  expect(strapiOffersHealth({ ...none, count: 0 }).hints).toContainEqual(
    expect.stringContaining('no published offers'),
  )
})

test('the database may fail in the middle of an import: nothing is imported', async () => {
  const { database } = open(await startFakeStrapi((request) => request.socket.destroy()))
  await store.sql`drop table promo_strapi_turns`
  expect(await importOffers(database, [], { turn: '1' })).toMatchObject({ ok: false })
})

test('an import that fails in the database is reported, and changes nothing', async () => {
  const { offers } = open(await startFakeStrapi(collection(() => [offer(1, 'A', [])])))
  await store.sql`alter table promo_strapi_turns rename imported to gone`
  expect(await offers.refresh()).toBe(false)
  expect(offers.fault).toMatchObject({ code: 'database' })
  expect(await offersNow()).toHaveLength(2)
})

test('the site imports offers with links of the table', async () => {
  const strapi = await startFakeStrapi(collection(() => [offer(1, 'A', [text(1, 'one')])]))
  await openTestApp(store.url, {
    settings: {
      ...{ PROMO_STRAPI_URL: strapi.url },
      ...{ PROMO_STRAPI_OFFERS_TYPE: 'promo-offers', PROMO_STRAPI_OFFERS_FIELDS: mapping },
    },
  })
  await expect
    .poll(async () => (await offersNow()).at(-1), { interval: 50 })
    .toMatchObject({ name: 'A', link_slug: 'nocodemba' })
})

test('the site imports offers and links, reports on them, and follows the webhook', async () => {
  const links: FakeEntry[] = [
    { id: 1, documentId: 'l1', slug: 'of-strapi', destination_url: 'https://s.example/', active: true },
  ]
  let entries = [
    offer(1, 'A', [text(1, 'one')], { link_slug: 'of-strapi' }),
    offer(2, 'Bad', [], { weight: -1 }),
  ]
  const strapi = await startFakeStrapi((request, response) =>
    collection(() => (request.url?.startsWith('/api/promo-offers') ? entries : links))(request, response),
  )
  const { app } = await openTestApp(store.url, {
    settings: {
      ...{ PROMO_LINKS: 'strapi', PROMO_STRAPI_URL: strapi.url },
      ...{ PROMO_STRAPI_OFFERS_TYPE: 'promo-offers', PROMO_STRAPI_OFFERS_FIELDS: mapping },
    },
  })
  const healthNow = async () => JSON.parse(`${(await app.readHealth()).body}`)
  await expect
    .poll(async () => (await healthNow()).strapi_offers, { interval: 100 })
    .toEqual({
      ...{ ok: true, offers: 2, failing_seconds: 0 },
      left_out: [
        { entry: 'Bad (entry o2)', reason: expect.stringContaining('weight: must be a whole number') },
      ],
    })
  expect((await healthNow()).hints).toContainEqual(expect.stringContaining('strapi_offers.left_out'))
  const metrics = `${(await app.readMetrics()).body}`
  expect(metrics).toContain('promo_strapi_offers_up 1')
  expect(metrics).toContain('promo_rows_left_out{kind="strapi_offer"} 1')
  entries = [offer(1, 'Renamed', [text(1, 'one')], { link_slug: 'of-strapi' })]
  expect(await app.linksChanged()).toMatchObject({ status: 204 })
  await expect
    .poll(async () => (await offersNow()).at(-1), { interval: 20 })
    .toMatchObject({ name: 'Renamed', active: true })
})
