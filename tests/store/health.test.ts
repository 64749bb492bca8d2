import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { fail, ok } from '../../src/lib/base/result.ts'
import type { BufferReadings } from '../../src/lib/buffer/event-buffer.ts'
import { type Database, openDatabase } from '../../src/lib/database/database.ts'
import { examineLinks } from '../../src/lib/links/link-faults.ts'
import type { CacheState } from '../../src/lib/links/refreshing-cache.ts'
import type { MauticReadings } from '../../src/lib/mautic/background.ts'
import { createHealth, liveness } from '../../src/lib/operations/health.ts'
import { createLinkHints, type LinkHints } from '../../src/lib/operations/link-hints.ts'
import type { SelectionReadings } from '../../src/lib/operations/selection-health.ts'
import type { OfferReadings, StrapiReadings } from '../../src/lib/operations/strapi-health.ts'
import type { OutboxReadings } from '../../src/lib/outbox/outbox.ts'
import { attributeConversions } from '../../src/lib/store/conversions.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick, aConversion, anImpression, ofClick } from '../support/events.ts'
import { atThisPace } from '../support/pace.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordConversions, recordImpressions } from '../support/record.ts'
import { quickestOf } from '../support/wait.ts'

let store: TestDatabase
let database: Database

beforeAll(async () => {
  store = await createTestDatabase()
  database = patientDatabase(() => store.url)
  await insertPromos(store.sql)
})
afterAll(async () => {
  await database?.close()
  await store?.drop()
})

const readings: BufferReadings = {
  depth: 3,
  unchecked: 0,
  age: 1_600,
  bytes: 450,
  rejects: 1,
  damagedBytes: 0,
  keptBytes: 0,
  keptCutAt: undefined,
  lastFlush: Date.UTC(2026, 10, 18, 12),
  vanishedAt: undefined,
  fault: undefined,
}

const empty: OutboxReadings = {
  ...{ fault: undefined, failingFor: 0, waiting: 0, refused: 0, age: 0, sent: 0, givenUp: 0 },
}
const well: CacheState = { leftOut: [], failingFor: 0 }

async function health(
  parts: {
    readings?: Partial<BufferReadings>
    migrated?: boolean
    from?: Database
    unnamed?: boolean
    silent?: boolean
    unread?: boolean
    overflowing?: boolean
    doubt?: string
    links?: Partial<CacheState>
    variations?: Partial<CacheState>
    hints?: string[]
    faulty?: LinkHints['faulty']
    strapi?: StrapiReadings
    tableless?: boolean
    offers?: OfferReadings
    matomo?: Partial<OutboxReadings>
    mautic?: MauticReadings
    selection?: SelectionReadings
    webhooks?: Partial<OutboxReadings>
    inBoth?: string[]
  } = {},
  asked: 'operator' | 'anybody' = 'operator',
) {
  const { status, headers, body } = await createHealth({
    database: parts.from ?? database,
    readings: () => ({ ...readings, ...parts.readings }),
    migrated: () => parts.migrated ?? true,
    unnamedProxy: {
      recent: parts.unnamed ?? false,
      silent: parts.silent ?? false,
      unread: parts.unread ?? false,
    },
    unchecked: { overflowing: parts.overflowing ?? false },
    known: {
      ...(!parts.tableless && { table: { ...well, ...parts.links } }),
      variations: { ...well, ...parts.variations },
      ...(parts.strapi && { strapi: parts.strapi }),
      inBoth: () => parts.inBoth ?? [],
    },
    ...(parts.offers && { offers: parts.offers }),
    ...((parts.matomo || parts.webhooks) && {
      outbox: {
        ...(parts.matomo && { matomo: { ...empty, ...parts.matomo } }),
        ...(parts.webhooks && { webhooks: { ...empty, ...parts.webhooks } }),
      },
    }),
    ...(parts.mautic && { mautic: parts.mautic }),
    ...(parts.selection && { selection: parts.selection }),
    clock: { doubt: parts.doubt },
    linkHints: async () => ({ hints: parts.hints ?? [], faulty: parts.faulty ?? [] }),
    now: () => 0,
  })(asked)
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'content-type': expect.stringContaining('json'),
  })
  return { code: status, ...JSON.parse(`${body}`) }
}

test('a clock that cannot be trusted is a hint for operators, and nothing else', async () => {
  const doubt = "the database's clock says one thing, this machine's another: correct the one that is wrong"
  expect(await health({ doubt })).toMatchObject({
    code: 200,
    hints: [`nothing is purged until the next check in an hour: ${doubt}`],
  })
  const told = await health({ doubt }, 'anybody')
  expect(told).toMatchObject({ code: 200, hints: [expect.stringContaining('more to look at')] })
  expect(JSON.stringify(told)).not.toContain('clock')
})

test('refused unchecked clicks are a reason of their own', async () => {
  expect(await health({ overflowing: true })).toMatchObject({ code: 503, reasons: ['unchecked_clicks'] })
})

test('how promos are chosen is shown, with the currency if revenue is the goal', async () => {
  const clicks = { strategy: 'weighted' as const, goal: 'clicks' as const, currency: undefined }
  expect((await health({ selection: clicks })).selection).toEqual({ strategy: 'weighted', goal: 'clicks' })
  const revenue = { ...clicks, goal: 'revenue' as const }
  expect(await health({ selection: revenue })).toMatchObject({
    code: 200,
    selection: { strategy: 'weighted', goal: 'revenue', currency: null },
    hints: [expect.stringContaining('PROMO_SELECTION_GOAL=revenue is for thompson')],
  })
})

test('while everything works, health reports how much waits and which offers have no slug', async () => {
  expect(await health()).toEqual({
    code: 200,
    status: 'ok',
    database: { ok: true },
    migrated: true,
    journal: {
      ok: true,
      depth: 3,
      age_seconds: 2,
      bytes: 450,
      damaged_bytes: 0,
      kept_bytes: 0,
      last_flush: '2026-11-18T12:00:00.000Z',
    },
    rejects: 1,
    hints: [],
    links_left_out: [],
    variations_left_out: [],
    offers_without_slug: [6],
  })
})

test('an instance that has flushed nothing yet is healthy', async () => {
  expect(await health({ readings: { lastFlush: undefined } })).toMatchObject({
    code: 200,
    journal: { last_flush: null },
  })
})

test('a database that is not migrated, and a journal that cannot be written, are degraded', async () => {
  expect(await health({ migrated: false })).toMatchObject({ code: 503, status: 'degraded', migrated: false })
  const fault = { code: 'unwritable', message: 'EROFS' } as const
  expect(await health({ readings: { fault } })).toMatchObject({
    code: 503,
    status: 'degraded',
    journal: { ok: false, fault: 'unwritable' },
  })
})

test('a journal that was deleted before it was recorded is reported for ten minutes', async () => {
  expect(await health({ readings: { vanishedAt: -599_999 } })).toMatchObject({
    code: 503,
    reasons: ['journal_deleted'],
  })
  expect(await health({ readings: { vanishedAt: -600_000 } })).toMatchObject({ code: 200 })
})

test('events that wait for more than a minute while the database answers are degraded, and named', async () => {
  expect(await health({ readings: { age: 60_001 } })).toMatchObject({ code: 503, reasons: ['events_wait'] })
  expect(await health({ readings: { age: 60_000 } })).toMatchObject({ code: 200 })
  expect(await health({ readings: { age: 60_001, depth: 0 } })).toMatchObject({ code: 200 })
})

test('a proxy that the settings do not name is a hint, and nothing is degraded', async () => {
  expect(await health({ unnamed: true })).toMatchObject({
    code: 200,
    hints: [expect.stringContaining('PROMO_TRUSTED_PROXIES')],
  })
})

test('a proxy without a trace is a hint, which names the setting', async () => {
  expect(await health({ silent: true })).toMatchObject({
    code: 200,
    hints: [expect.stringMatching(/X-Forwarded-For.*PROMO_TRUSTED_PROXIES.*PROMO_INGEST_TOKEN/)],
  })
})

test('a named proxy that does not say for whom it asks is a hint, which names the setting', async () => {
  expect(await health({ unread: true })).toMatchObject({
    code: 200,
    hints: [expect.stringMatching(/X-Real-IP.*PROMO_CLIENT_ADDRESS_HEADER/)],
  })
})

test('damaged lines that are kept aside are a hint', async () => {
  expect(await health({ readings: { damagedBytes: 12 } })).toMatchObject({
    code: 200,
    journal: { damaged_bytes: 12 },
    hints: [expect.stringContaining('damaged.lines')],
  })
})

test('a window of kept events that was cut is a hint for ten minutes', async () => {
  const cut = (ago: number) => health({ readings: { keptCutAt: -ago } })
  expect(await cut(590_000)).toMatchObject({
    code: 200,
    hints: [expect.stringMatching(/KEEP_MINUTES.*quarter/)],
  })
  expect(await cut(600_000)).toMatchObject({ code: 200, hints: [] })
})

test('sends that newsletters may share are a hint for a week, by name', async () => {
  const corrected = async (send: string, ago: string) => {
    const reported = () => recordImpressions(store.sql, [anImpression({ newsletter_send_id: send })])
    await reported()
    await store.sql`
      update promo_impression_tracking set corrected_late_at = now() - ${ago}::interval
        where newsletter_send_id = ${send}
    `
  }
  await corrected('long ago', '169 hours')
  await corrected('shared', '167 hours')
  await corrected('daily', '1 hour')
  expect(await health()).toMatchObject({
    code: 200,
    hints: [expect.stringMatching(/corrected more than a day later.*: daily, shared$/)],
  })
  await store.sql`delete from promo_impression_tracking`
})

test('sends that were reported late are one hint, which names the newest five', async () => {
  const found = (sends: string[]) =>
    store.sql`
      update promo_settlement
      set late_sends = array(select json_array_elements_text(${JSON.stringify(sends)}::text::json))
    `
  const hint =
    'these sends were probably reported hours after they went out, so their first clickers are missing or shown for ' +
    'earlier ones; have your script report a send before it goes out, or as it does: '
  await found(['z', 'y', 'x', 'w', 'v'])
  expect(await health()).toMatchObject({ code: 200, hints: [`${hint}z, y, x, w, v`] })
  await found(['z', 'y', 'x', 'w', 'v', 'u', 't'])
  expect(await health()).toMatchObject({ code: 200, hints: [`${hint}z, y, x, w, v and 2 more`] })
  await found([])
  expect(await health()).toMatchObject({ code: 200, hints: [] })
})

test('conversions that wait for their click are counted, and are a hint after an hour', async () => {
  const click = aClick({ at: Date.UTC(2026, 10, 18) })
  await recordConversions(store.sql, [aConversion({ ...ofClick(click), external_id: 'waits' })])
  const hint = expect.stringContaining('conversions are waiting for clicks or sends that are not known')
  const soon = await health()
  expect(soon).toMatchObject({ code: 200, waiting_conversions: 1 })
  expect(soon.hints).not.toContainEqual(hint)
  await store.sql`update promo_conversions set recorded_at = recorded_at - interval '2 hours'`
  expect((await health()).hints).toContainEqual(hint)
  await store.sql`delete from promo_conversions`
  expect(await health()).not.toHaveProperty('waiting_conversions')
})

test('invalid rows are named, at most twenty, and nothing is degraded', async () => {
  const bad = { key: 'bad', reason: 'destination_url must be a complete URL' }
  const many = Array.from({ length: 21 }, (_, index) => ({ key: `${index}`, reason: 'is missing' }))
  expect(await health({ links: { leftOut: [bad] } })).toMatchObject({
    code: 200,
    hints: [expect.stringContaining('links_left_out')],
    links_left_out: [{ slug: 'bad', reason: bad.reason }],
    variations_left_out: [],
  })
  const { code, variations_left_out } = await health({ variations: { leftOut: many } })
  expect([code, variations_left_out.length]).toEqual([200, 20])
  expect(variations_left_out[19]).toEqual({ variation_id: '19', reason: 'is missing' })
})

test('links and variations that the database does not return for half a minute are degraded', async () => {
  expect(await health({ links: { failingFor: 30_000 } })).toMatchObject({ code: 200 })
  expect(await health({ links: { failingFor: 30_001 } })).toMatchObject({ code: 503, reasons: ['links'] })
  expect(await health({ variations: { failingFor: 30_001 } })).toMatchObject({ reasons: ['variations'] })
})

test('however many ask, the database is asked once a second', async () => {
  let asked = 0
  let time = 5_000
  const counting: Database = {
    ...database,
    run: (work, within) => {
      asked += 1
      return database.run(work, within)
    },
  }
  const read = createHealth({
    database: counting,
    readings: () => readings,
    migrated: () => true,
    unnamedProxy: { recent: false, silent: false, unread: false },
    unchecked: { overflowing: false },
    known: { table: well, variations: well, inBoth: () => [] },
    clock: { doubt: undefined },
    linkHints: async () => ({ hints: [], faulty: [] }),
    now: () => time,
  })
  await Promise.all([read(), read(), read()])
  time += 999
  expect(await read()).toMatchObject({ status: 200 })
  expect(asked).toBe(1)
  time += 1
  await read()
  expect(asked).toBe(2)
})

test('a database that does not answer is degraded, and does not delay the answer', async () => {
  const nowhere = openDatabase({
    locate: async () => fail({ message: 'none' }),
    log: createLog('silent'),
  })
  const failing = { failingFor: 60_000 }
  expect(await health({ from: nowhere, links: failing, variations: failing })).toMatchObject({
    code: 503,
    status: 'degraded',
    reasons: ['database'],
    database: { ok: false, fault: 'unavailable' },
    offers_without_slug: [],
  })
  const strict = openDatabase({ locate: async () => ok(store.url), log: createLog('silent') })
  onTestFinished(() => strict.close())
  const hanging: Database = {
    ...strict,
    run: (_, deadline) => strict.run(() => new Promise<never>(() => {}), deadline),
  }
  const ask = async () =>
    expect(await health({ from: hanging })).toMatchObject({
      code: 503,
      database: { ok: false, fault: 'timeout' },
    })
  expect(await quickestOf(1_900, ask)).toBeLessThan(atThisPace(1_900))
})

test('Strapi without a successful fetch for half a minute is degraded, whatever the database does', async () => {
  const strapi = (failingFor: number): StrapiReadings => ({
    cache: { failingFor, leftOut: [], size: 3 },
    fault: { code: 'refused', message: 'answered with status 403: Forbidden', advice: 'Strapi refuses' },
  })
  const inBoth = Array.from({ length: 21 }, (_, index) => `s${index}`)
  const short = await health({ strapi: strapi(30_000), inBoth })
  expect(short).toMatchObject({
    code: 200,
    strapi: { ok: false, fault: 'refused', links: 3, failing_seconds: 30, left_out: [] },
    hints: ['Strapi refuses', expect.stringMatching(/s19, …$/)],
  })
  expect(JSON.stringify(short)).not.toContain('Forbidden')
  expect(await health({ strapi: strapi(30_001) })).toMatchObject({ code: 503, reasons: ['strapi'] })
  const gone: Database = { ...database, run: async () => fail({ code: 'unavailable', message: 'gone' }) }
  const away = await health({ from: gone, strapi: strapi(30_001) })
  expect(away).toMatchObject({ reasons: ['database', 'strapi'] })
})

test('if all links come from Strapi, nothing about the table is shown', async () => {
  const strapi = { cache: { failingFor: 0, leftOut: [], size: 3 }, fault: undefined }
  expect(await health({ tableless: true, strapi })).toMatchObject({
    code: 200,
    links_left_out: [],
  })
})

test('offers from Strapi that could not be fetched for half a minute are a reason of their own', async () => {
  const offers = (failingFor: number): OfferReadings => ({
    fault: { code: 'refused', message: 'answered with status 403', advice: 'Strapi refuses' },
    failingFor,
    leftOut: [],
    count: 3,
  })
  expect(await health({ offers: offers(30_000) })).toMatchObject({ code: 200, hints: ['Strapi refuses'] })
  expect(await health({ offers: offers(30_001) })).toMatchObject({ code: 503, reasons: ['strapi_offers'] })
})

test('clicks that could not be sent to Matomo for a minute are a reason of their own', async () => {
  const told = {
    ok: true,
    waiting: 0,
    refused: 0,
    oldest_seconds: 0,
    sent: 0,
    given_up: 0,
    failing_seconds: 0,
  }
  expect(await health({ matomo: {} })).toMatchObject({ code: 200, hints: [], matomo: told })
  const fault = { code: 'unreachable', message: 'fetch failed', advice: 'mend it' } as const
  const failing = { fault, waiting: 7, age: 61.4, sent: 3 }
  expect(await health({ matomo: { ...failing, failingFor: 60_000 } })).toMatchObject({
    code: 200,
    hints: ['mend it'],
    matomo: { ok: false, fault: 'unreachable', waiting: 7, oldest_seconds: 61, sent: 3, failing_seconds: 60 },
  })
  expect(await health({ matomo: { ...failing, failingFor: 60_001 } })).toMatchObject({ reasons: ['matomo'] })
  expect((await health({ matomo: { refused: 2, givenUp: 5 } })).hints).toEqual([
    expect.stringContaining('Matomo refuses clicks'),
    expect.stringContaining('5 clicks for Matomo were given up'),
  ])
})

test('recipients that could not be fetched from Mautic for two minutes are a reason of their own', async () => {
  const mautic = (failingFor: number): MauticReadings => ({
    fault: { code: 'refused', message: 'answered with status 403', advice: 'Mautic refuses' },
    ...{ failingFor, asked: 3, obstacles: [{ email_id: 7, reason: 'is gone' }] },
  })
  expect(await health({ mautic: mautic(120_000) })).toMatchObject({
    code: 200,
    hints: ['Mautic refuses', expect.stringContaining('promo mautic-map')],
    mautic: {
      ...{ ok: false, fault: 'refused', emails: 3, failing_seconds: 120 },
      left_out: [{ email_id: 7, reason: 'is gone' }],
    },
  })
  expect(await health({ mautic: mautic(120_001) })).toMatchObject({ code: 503, reasons: ['mautic'] })
  const well = { fault: undefined, failingFor: 0, asked: undefined, obstacles: [] }
  expect(await health({ mautic: well })).toMatchObject({
    code: 200,
    hints: [],
    mautic: { ok: true, emails: null },
  })
})

test('messages that webhooks do not accept are reported, once there were any, and make nothing degraded', async () => {
  expect(await health({ webhooks: {} })).not.toHaveProperty('webhooks')
  expect(await health({ webhooks: { waiting: 1, failingFor: 60_001, givenUp: 2 } })).toMatchObject({
    code: 200,
    webhooks: { ok: false, waiting: 1, given_up: 2 },
    hints: [expect.stringContaining('promo webhook list'), expect.stringContaining('2 messages')],
  })
  // A redirect or an error is an answer, too.
  expect(await health({ webhooks: { waiting: 1, refused: 1 } })).toMatchObject({
    code: 200,
    hints: [expect.stringContaining('promo webhook list')],
  })
})

test('liveness checks nothing else', () => {
  expect(liveness()).toMatchObject({ status: 200, body: '{"status":"ok"}' })
})

test('links that are valid but lead nowhere are a hint, wherever they came from', async () => {
  expect(await health({ hints: ['one', 'two'] })).toMatchObject({ code: 200, hints: ['one', 'two'] })
  let now = 0
  let told: string | undefined
  const damage = { describe: async (...days: unknown[]) => told && `${told} ${days.join(' ')}` }
  const parts = {
    table: true,
    siteUrl: 'https://news.example',
    pages: new Set(['about']),
    damage,
    now: () => now,
  }
  const hints = createLinkHints({ database, ...parts })
  expect(await hints()).toEqual({ hints: [], faulty: [] })
  await store.sql`
    insert into affiliate_links (slug, destination_url, active) values
      ('b', 'https://news.example/a', true), ('a', 'https://news.example/B/', true),
      ('c', 'https://news.example/c', true),
      ('d', 'https://news.example/a', true), ('about', 'https://m.example/?a&amp;b', true),
      ('off', 'https://m.example/&amp;', false)
  `
  now += 9_999
  expect(await hints()).toEqual({ hints: [], faulty: [] })
  now += 1
  expect((await hints()).hints).toEqual([
    'links lead back to themselves; make one lead to the merchant: /a → /b → /a, /c → /c',
    'destinations have "&amp;" where "&" is meant: /about',
    'pages of the site come before links of the same name; choose other slugs: /about',
  ])
  const { faulty } = await hints()
  expect(faulty.map(({ slug, source }) => `${source} ${slug}`).toSorted()).toEqual(
    ['a', 'about', 'about', 'b', 'c', 'd'].map((slug) => `table ${slug}`),
  )
  expect(await health({ faulty })).toMatchObject({ code: 200, links_at_fault: faulty })
  const fromStrapi = new Map([
    ['a', { slug: 'a', location: 'https://news.example/a', passing: undefined, clickId: undefined }],
  ])
  const strapi = { values: () => fromStrapi.values(), peek: (slug: string) => fromStrapi.get(slug) }
  expect((await createLinkHints({ database, ...parts, table: false, strapi })()).faulty).toEqual([
    { source: 'strapi', slug: 'a', reason: 'leads in a circle: /a → /a' },
  ])
  now += 10_000
  told = 'many clicks'
  expect((await hints()).hints.at(-1)).toBe('in the last week many clicks 1969-12-26 1970-01-01')
  const slugs = Array.from({ length: 12 }, (_, index) => `x${index}`)
  const many = examineLinks(
    slugs.map((slug) => ({ slug, destination_url: 'not a url' })),
    'https://news.example',
    new Set(slugs),
  )
  expect(many.hints).toEqual([expect.stringMatching(/(\/x\d, ){10}…$/)])
  const away = openDatabase({ locate: async () => fail({ message: 'away' }), log: createLog('silent') })
  expect(await createLinkHints({ database: away, ...parts })()).toEqual({ hints: [], faulty: [] })
  await away.close()
})

test('a database that a person has to fix is named with the remedy', async () => {
  const message = 'the database was migrated to a newer version'
  const newer: Database = {
    ...{ ...database, trouble: message },
    run: async () => fail({ code: 'unsuitable', message }),
  }
  expect(await health({ from: newer })).toMatchObject({
    code: 503,
    reasons: ['database'],
    database: { ok: false, fault: 'unsuitable', message },
  })
})

test('strangers learn which parts work, but nothing that names a server, a send, a link or an offer', async () => {
  const leftOut = [{ key: 'key-of-a-row', reason: 'names-it' }]
  const fault = { code: 'refused', message: 'http://inside', advice: 'names-it' } as const
  const away: Database = {
    ...{ ...database, trouble: 'DATABASE_URL (10.1.2.3:5432, database promo): names-it' },
    run: async () => fail({ code: 'unavailable', message: 'names-it' }),
  }
  const parts = {
    from: away,
    links: { leftOut },
    variations: { leftOut },
    faulty: [{ source: 'table' as const, slug: 'names-it', reason: 'names-it' }],
    strapi: { cache: { failingFor: 40_000, leftOut, size: 3 }, fault },
    offers: { fault, failingFor: 40_000, leftOut, count: 2 },
    mautic: { fault, failingFor: 130_000, obstacles: [{ email_id: 7, reason: 'names-it' }], asked: 2 },
    hints: ['names-it'],
  }
  const told = await health(parts)
  const hidden = await health(parts, 'anybody')
  expect(JSON.stringify(told)).toContain('10.1.2.3')
  expect(JSON.stringify(hidden)).not.toMatch(/names-it|key-of-a-row|10\.1\.2\.3|inside|"email_id"/)
  const { strapi, strapi_offers, mautic } = told
  expect(hidden).toEqual({
    ...told,
    database: { ok: false, fault: 'unavailable', message: expect.stringMatching(/^The database cannot be/) },
    strapi: { ...strapi, left_out: [] },
    strapi_offers: { ...strapi_offers, left_out: [] },
    mautic: { ...mautic, left_out: [] },
    hints: [expect.stringContaining('PROMO_INGEST_TOKEN')],
    links_at_fault: undefined,
    links_left_out: [],
    variations_left_out: [],
  })
})

test.each([
  [{ links: { leftOut: [{ key: 'a', reason: 'b' }] } }],
  [{ faulty: [{ source: 'table' as const, slug: 'a', reason: 'b' }] }],
  [{ hints: ['a'] }],
])('strangers get a hint only if there is more: %o', async (parts) => {
  const bare: Database = { ...database, run: async () => fail({ code: 'timeout', message: 'slow' }) }
  expect(await health({ ...parts, from: bare }, 'anybody')).toMatchObject({
    database: { ok: false, fault: 'timeout' },
    hints: [expect.stringContaining('There is more')],
  })
  expect((await health({ from: bare }, 'anybody')).hints).toEqual([])
})

test('the currency that counts is named as soon as a send has earned something in it', async () => {
  await recordImpressions(store.sql, [anImpression({ newsletter_send_id: 'paid' })])
  await recordConversions(store.sql, [aConversion({ newsletter_send_id: 'paid', currency: 'CHF' })])
  await attributeConversions(store.sql, { patience: 1e9, limit: 100 })
  const revenue = { strategy: 'thompson' as const, goal: 'revenue' as const, currency: undefined }
  expect((await health({ selection: revenue })).selection).toEqual({
    ...{ strategy: 'thompson', goal: 'revenue', currency: 'CHF' },
  })
})
