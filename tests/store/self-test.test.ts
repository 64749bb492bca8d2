import { afterEach, beforeEach, expect, test } from 'vitest'
import { countOtherClicks, judgeSelfTest, provideSelfTest } from '../../src/lib/store/self-test.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick, aHash } from '../support/events.ts'
import { recordClicks } from '../support/record.ts'

let store: TestDatabase

beforeEach(async () => {
  store = await createTestDatabase()
  await insertPromos(store.sql)
})
afterEach(async () => {
  expect(await findDrift(store.sql)).toEqual([])
  await store.drop()
})

const place = { slug: 'promo-self-test', destination: 'https://site.example/', variations: 3 }
const noon = Date.UTC(2026, 10, 18, 12)

test('the self-test’s offer is created once, grows with its cases, and is never shown', async () => {
  const [first] = await provideSelfTest(store.sql, place)
  expect(first).toMatchObject({ clicked_at: null })
  expect(new Set(first?.variations).size).toBe(3)
  const [again] = await provideSelfTest(store.sql, { ...place, destination: 'https://other.example/' })
  expect(again).toEqual(first)
  const [grown] = await provideSelfTest(store.sql, { ...place, variations: 5 })
  expect(grown?.variations.slice(0, 3)).toEqual(first?.variations)
  expect(new Set(grown?.variations).size).toBe(5)
  const offers =
    await store.sql`select offer_type, weight, active from promo_offers where link_slug = ${place.slug}`
  expect([...offers]).toEqual([{ offer_type: 'self_test', weight: 0, active: false }])
  const links =
    await store.sql`select destination_url, active from affiliate_links where slug = ${place.slug}`
  expect([...links]).toEqual([{ destination_url: 'https://site.example/', active: true }])
})

test('a slug that an offer has stays that offer’s', async () => {
  expect(await provideSelfTest(store.sql, { ...place, slug: 'nocodemba' })).toHaveLength(0)
  const [link] = await store.sql`select destination_url from affiliate_links where slug = 'nocodemba'`
  expect(link?.destination_url).toBe('https://merchant.example/course?ref=daily')
  expect(await store.sql`select id from promo_offers where offer_type = 'self_test'`).toHaveLength(0)
})

test('clicks are judged as settling would, and stay as they are', async () => {
  const [own] = await provideSelfTest(store.sql, place)
  const [variation_id = 0] = own?.variations ?? []
  const offer_id = own?.offer_id ?? 0
  const click = { offer_id, variation_id, ip_hash: aHash(1), address_hash: 'here', referrer: 'case.invalid' }
  await recordClicks(store.sql, [
    aClick({ ...click, at: noon }),
    aClick({ ...click, at: noon + 100 }),
    aClick({ ...click, at: noon + 200 }),
    aClick({ at: noon + 50, ip_hash: aHash(3), address_hash: 'here' }),
    aClick({ at: noon - 50, ip_hash: aHash(1), address_hash: 'here' }),
    aClick({ at: noon + 50, ip_hash: aHash(2), address_hash: 'elsewhere' }),
  ])
  const rules = { duplicateSeconds: 10, visitorsPerAddress: 5 }
  const told = { ...click, verdict: 'human', reason: 'none' }
  const { offer_id: _, ip_hash: __, ...stored } = told
  expect([...(await judgeSelfTest(store.sql, offer_id, noon, rules))]).toEqual([
    { ...stored, final_verdict: 'duplicate', final_reason: 'repeated' },
    { ...stored, final_verdict: 'duplicate', final_reason: 'repeated' },
  ])
  expect(await judgeSelfTest(store.sql, offer_id, noon - 1, rules)).toHaveLength(3)
  const rows = await store.sql`select distinct verdict, reason from promo_click_tracking`
  expect([...rows]).toEqual([{ verdict: 'human', reason: 'none' }])
  expect([...(await countOtherClicks(store.sql, offer_id, 'here', noon))]).toEqual([{ clicks: 1 }])
  const [later] = await provideSelfTest(store.sql, place)
  expect(later?.clicked_at).toBe(noon + 200)
})
