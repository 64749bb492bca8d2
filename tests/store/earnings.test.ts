import postgres from 'postgres'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { fail, ok } from '../../src/lib/base/result.ts'
import { plain } from '../../src/lib/database/connect.ts'
import type { Database } from '../../src/lib/database/database.ts'
import type { Conversion } from '../../src/lib/model/event.ts'
import { explain } from '../../src/lib/selection/explain.ts'
import { createSelection } from '../../src/lib/selection/selection.ts'
import { readConfig } from '../../src/lib/settings/config.ts'
import { attributeConversions } from '../../src/lib/store/conversions.ts'
import { explainDecisions } from '../../src/lib/store/decisions.ts'
import { listEarnedCurrencies, readEarnings } from '../../src/lib/store/earnings.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { aConversion, anImpression } from '../support/events.ts'
import { knownLinks } from '../support/known-links.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordConversions, recordImpressions } from '../support/record.ts'

const noon = Date.UTC(2026, 10, 18, 12)
const day = 86_400_000
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

/** A send of a text so many days ago, and what became of its clicks after how many days. */
async function sent(
  name: string,
  variation_id: number,
  daysAgo: number,
  told: (Partial<Conversion> & { after?: number })[],
): Promise<void> {
  const at = noon - daysAgo * day
  const offer_id = variation_id === 50 ? 5 : 4
  const recipients = 50_000
  await recordImpressions(store.sql, [
    anImpression({ at, newsletter_send_id: name, offer_id, variation_id, recipients }),
  ])
  await store.sql`
    insert into promo_send_metrics (impression_id, hours, clicks, human_clicks, clickers)
    select id, hours, clickers, clickers, clickers
    from promo_impression_tracking,
      unnest(array[0, 1, 2, 3, 6, 12], array[150, 130, 120, 230, 200, 170]) spans (hours, clickers)
    where newsletter_send_id = ${name}
  `
  for (const { after = 1, ...conversion } of told) {
    const one = aConversion({ at, occurred_at: at, variation_id, newsletter_send_id: name, ...conversion })
    await recordConversions(store.sql, [one])
    await store.sql`
      update promo_conversions set recorded_at = to_timestamp(${(at + after * day) / 1000}::double precision)
      where external_id = ${one.external_id}
    `
  }
  await attributeConversions(store.sql, { patience: 1e9, limit: 100 })
}

const times = (count: number, conversion: Partial<Conversion> & { after?: number }) =>
  Array.from({ length: count }, () => conversion)

/** As the site reads it, whose driver knows no arrays. */
async function earnings(currency?: string) {
  const sql = postgres(store.url, { ...plain, max: 1 })
  onTestFinished(() => sql.end())
  const [read] = await readEarnings(sql, currency, noon)
  return read ?? expect.fail('no answer')
}

async function open(settings: Record<string, string> = {}) {
  const config = readConfig({ SITE_URL: 'https://news.example', PROMO_SELECTION: 'thompson', ...settings })
  if (!config.ok) return expect.fail('settings')
  let drawn = 0
  const random = () => {
    drawn += 1
    return (drawn * 0.618) % 1
  }
  const links = await knownLinks(database)
  return createSelection({ config: config.value, database, links, now: () => noon, random })
}
const free = {
  PROMO_SELECTION_FLOOR: '0',
  PROMO_VARIETY_OFFER_GAP: '0',
  PROMO_VARIETY_VARIATION_GAP: '0',
  PROMO_VARIETY_OFFER_SENDS: '14',
}
const forRevenue = { ...free, PROMO_SELECTION_GOAL: 'revenue' }

test('nothing is earned before the first conversion of a send, and clicks decide', async () => {
  await sent('early', 42, 40, [])
  await recordConversions(store.sql, [aConversion({ at: noon, amount: '99' })])
  await attributeConversions(store.sql, { patience: 1e9, limit: 100 })
  expect(await earnings()).toEqual({ currency: null, sends: [], delays: [] })
  const byClicks = await (await open(free)).readShares()
  const byRevenue = await (await open(forRevenue)).readShares()
  expect(byRevenue).toEqual(ok({ ...(byClicks.ok && byClicks.value), revenue: { currency: undefined } }))
  const select = async (settings: Record<string, string>, newsletter_send_id: string) =>
    (await open(settings)).select({ newsletter_send_id })
  const promo = await select(forRevenue, 'for nothing')
  expect(promo).toEqual(await select(free, 'for clicks'))
  expect(promo.ok && promo.value).not.toHaveProperty('goal')
  const [decision] = await explainDecisions(store.sql, 'for nothing')
  expect(decision && explain(decision).join('\n')).toContain('goal         The goal is revenue, but no send')
})

test('the earnings of sends equal a recount, in the currency that counts', async () => {
  await sent('a', 42, 30, [
    { amount: '10.10', after: 0.5 },
    { amount: '20', status: 'pending', after: 4 },
    { amount: '7', status: 'rejected', after: 6 },
    { amount: '500', currency: 'USD', status: 'pending', after: 25 },
  ])
  await sent('b', 50, 20, [
    { amount: '0', after: 65 },
    { amount: '3', currency: 'USD' },
  ])
  await sent('old', 43, 200, [{ amount: '5', after: 2 }])
  await store.sql`insert into promo_offers (id, name, offer_type, link_slug)
    values (9, 'Test', 'self_test', 'nocodemba')`
  await store.sql`insert into promo_text_variations (id, offer_id, text_content, approved) values (90, 9, 'Test', true)`
  await recordImpressions(store.sql, [
    anImpression({ at: noon - day, newsletter_send_id: 'self', offer_id: 9, variation_id: 90 }),
  ])
  await recordConversions(
    store.sql,
    times(20, { currency: 'GBP' }).map((one) =>
      aConversion({ at: noon, variation_id: 90, newsletter_send_id: 'self', ...one }),
    ),
  )
  await attributeConversions(store.sql, { patience: 1e9, limit: 100 })

  const { currency, sends, delays } = await earnings()
  expect(currency).toBe('EUR')
  expect(
    sends.toSorted((one, other) => one.newsletter_send_id.localeCompare(other.newsletter_send_id)),
  ).toEqual([
    {
      ...{ newsletter_send_id: 'a', variation_id: 42, conversions: 3, pending: 2, rejected: 1 },
      ...{ priced: 2, pending_priced: 1, revenue: 30.1, pending_revenue: 20, squares: 502.01 },
    },
    {
      ...{ newsletter_send_id: 'b', variation_id: 50, conversions: 2, pending: 0, rejected: 0 },
      ...{ priced: 1, pending_priced: 0, revenue: 0, pending_revenue: 0, squares: 0 },
    },
    {
      ...{ newsletter_send_id: 'old', variation_id: 43, conversions: 1, pending: 0, rejected: 0 },
      ...{ priced: 1, pending_priced: 0, revenue: 5, pending_revenue: 0, squares: 25 },
    },
  ])
  // Marks are 1, 2, 3, 5, 7, 10, 14, 21, 30, 45 and 60 days; `a` is 30 days old, `b` 20, `self` one.
  const told = delays.map(({ known, past, conversions }) => `${known} of ${past}: ${conversions}`)
  expect(told.filter((one) => !one.endsWith('of 1: 20')).toSorted()).toEqual([
    '0 of 9: 1',
    '1 of 7: 1',
    '11 of 7: 1',
    '3 of 9: 1',
    '4 of 9: 1',
    '8 of 9: 1',
  ])
  const dollars = await earnings('USD')
  expect(dollars.currency).toBe('USD')
  expect(dollars.sends.find((one) => one.newsletter_send_id === 'a')).toMatchObject({
    ...{ conversions: 3, priced: 1, pending_priced: 1, revenue: 500 },
  })
  expect(await earnings('CHF')).toMatchObject({ currency: null, sends: [] })
  expect([...(await listEarnedCurrencies(store.sql))].map((one) => one.currency)).toEqual(['EUR', 'USD'])
})

test('a text whose clicks earn more is preferred to one with more clicks, if that is the goal', async () => {
  for (let index = 0; index < 12; index += 1)
    await sent(`rich ${index}`, 43, 20 + index, times(30, { amount: '40' }))
  for (let index = 0; index < 12; index += 1)
    await sent(`poor ${index}`, 50, 20 + index, times(3, { amount: '40' }))
  await store.sql`
    update promo_send_metrics set clickers = 2 * clickers, human_clicks = 2 * human_clicks, clicks = 2 * clicks
    where impression_id in (select id from promo_impression_tracking where newsletter_send_id like 'poor%')
  `
  const shareOf = async (settings: Record<string, string>) => {
    const read = await (await open(settings)).readShares()
    return read.ok ? read.value : expect.fail('no shares')
  }
  const shares = ({ shares }: Awaited<ReturnType<typeof shareOf>>) =>
    new Map(shares.map(({ variation_id, share }) => [variation_id, share]))
  expect(shares(await shareOf(free)).get(50)).toBeGreaterThan(0.9)
  const byRevenue = await shareOf(forRevenue)
  expect(shares(byRevenue).get(43)).toBeGreaterThan(0.9)
  expect(byRevenue.revenue).toEqual({ currency: 'EUR' })
  expect(byRevenue.shares.find(({ variation_id }) => variation_id === 43)?.why).toMatch(
    /a click is expected to bring €1\.\d\d \(evidence: [\d.]+ conversions\), so a thousand recipients €2\d/,
  )

  const selection = await open(forRevenue)
  const promo = await selection.select({ newsletter_send_id: 'today' })
  expect(promo).toMatchObject(ok({ variation_id: 43, strategy: 'thompson', goal: 'revenue' }))
  expect(await (await open(free)).select({ newsletter_send_id: 'today' })).toEqual(promo)
  expect(await selection.select({})).toMatchObject(ok({ goal: 'revenue' }))
  expect(await selection.readDecisions(['today', 'for nothing'])).toMatchObject(
    ok([
      { newsletter_send_id: 'for nothing', goal: null },
      { newsletter_send_id: 'today', goal: 'revenue' },
    ]),
  )
  const [decision] = await explainDecisions(store.sql, 'today')
  const lines = decision ? explain(decision).join('\n') : ''
  expect(lines).toContain('goal         The goal is revenue per recipient, in EUR')
  expect(lines).toContain('gives this variation again')
  expect(lines).toMatch(/→ variation 43 .* effective conversions, a click believed to bring €1\.\d\d/)

  for (const strategy of ['weighted', 'ctr_weighted'] as const) {
    const other = await selection.select({ strategy })
    expect(other.ok && other.value).not.toHaveProperty('goal')
  }
})

test('shares and choices are unknown while earnings cannot be read', async () => {
  const selection = await open(forRevenue)
  await store.sql`alter table promo_send_conversions rename to elsewhere`
  expect(await selection.readShares()).toMatchObject({ ok: false })
  expect(await selection.select({})).toMatchObject(fail({ error: 'database_unavailable' }))
  expect(await (await open(free)).readShares()).toMatchObject({ ok: true })
  await store.sql`alter table elsewhere rename to promo_send_conversions`
})
