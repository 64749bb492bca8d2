import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Destination, destinationOf } from '../../src/lib/links/destination.ts'
import { createRefreshingCache, type RefreshingCache } from '../../src/lib/links/refreshing-cache.ts'
import { createTableSource } from '../../src/lib/links/table-source.ts'
import { openLog } from '../../src/lib/operations/log.ts'
import { fail, ok } from '../../src/lib/result.ts'
import { type SelectionRequest, selectPromo } from '../../src/lib/selection/select-promo.ts'
import { type Database, openDatabase } from '../../src/lib/store/database.ts'
import { recordClicks, recordImpressions } from '../../src/lib/store/events.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick, anImpression } from '../support/events.ts'

let store: TestDatabase
let database: Database
let links: RefreshingCache<string, Destination>

beforeEach(async () => {
  store = await createTestDatabase()
  database = openDatabase({ locate: async () => ok(store.url), log: openLog('silent') })
  await insertPromos(store.sql)
  links = createRefreshingCache({
    ...createTableSource(database),
    keyOf: ({ slug }) => slug,
    prepare: destinationOf,
    now: () => 0,
    initial: [],
    onFetched: () => {},
  })
  await links.refresh()
})
afterEach(async () => {
  expect(await findDrift(store.sql)).toEqual([])
  await database.close()
  await store.drop()
})

/** The candidates are 42 and 43 of an offer that weighs 1, and 50 of one that weighs 3. */
const select = (chance: number, request: Partial<SelectionRequest> = {}, from = database) =>
  selectPromo(
    { database: from, links, random: () => chance, siteUrl: 'https://news.example' },
    { strategy: 'weighted', ...request },
  )

async function chosen(chance: number, request: Partial<SelectionRequest> = {}): Promise<number | string> {
  const promo = await select(chance, request)
  return promo.ok ? promo.value.variation_id : promo.fault.error
}

const decisions = async () => [
  ...(await store.sql`select newsletter_send_id, offer_id, variation_id, strategy, probability from promo_decisions`),
]

test('a promo has all that a newsletter shows, and its link', async () => {
  expect(await select(0)).toEqual(
    ok({
      offer_id: 4,
      offer_name: 'No Code MBA',
      offer_type: 'affiliate',
      variation_id: 42,
      text_content: 'Build your dream startup this weekend',
      cta_text: 'Build Now →',
      tone: 'exciting',
      length_category: 'short',
      link: 'https://news.example/nocodemba?utm_source=newsletter&promo_var=42',
      strategy: 'weighted',
    }),
  )
})

test('offers are chosen by weight, and by what people did if asked', async () => {
  expect(await chosen(0.24)).toBe(42)
  expect(await chosen(0.26)).toBe(50)
  await recordImpressions(store.sql, [anImpression({ recipients: 10 })])
  await recordClicks(
    store.sql,
    Array.from({ length: 10 }, () => aClick()),
  )
  expect(await chosen(0.26, { strategy: 'ctr_weighted' })).toBe(42)
  expect(await chosen(0.39, { strategy: 'ctr_weighted' })).toBe(42)
  expect(await chosen(0.41, { strategy: 'ctr_weighted' })).toBe(50)
  await recordClicks(
    store.sql,
    Array.from({ length: 90 }, () => aClick({ verdict: 'machine' })),
  )
  expect(await chosen(0.41, { strategy: 'ctr_weighted' })).toBe(50)
})

describe('what may be shown', () => {
  test('has an active link, an active offer with a weight and a slug, and an approved text', async () => {
    await store.sql`update affiliate_links set active = false where slug = 'quietdesk'`
    await links.refresh()
    expect(await chosen(0.99)).toBe(43)
    await store.sql`update promo_offers set weight = 0 where id = 4`
    expect(await chosen(0)).toBe('no_eligible_promo')
    await store.sql`update promo_offers set weight = 1, active = false where id = 4`
    expect(await chosen(0)).toBe('no_eligible_promo')
    await store.sql`update promo_offers set active = true, link_slug = null where id = 4`
    expect(await chosen(0)).toBe('no_eligible_promo')
  })

  test('may be nothing at all', async () => {
    await store.sql`update promo_text_variations set approved = false`
    expect(await select(0, { newsletter_send_id: 'send' })).toMatchObject(
      fail({ error: 'no_eligible_promo', message: expect.stringContaining('approved variation') }),
    )
    expect(await decisions()).toEqual([])
  })
})

describe('a send', () => {
  const send = { newsletter_send_id: '2026-11-18-daily' }

  test('gets the same promo again, under the strategy that chose it, and leaves how probable it was', async () => {
    expect(await chosen(0.9, send)).toBe(50)
    expect(await select(0, { ...send, strategy: 'ctr_weighted' })).toMatchObject(
      ok({ variation_id: 50, strategy: 'weighted' }),
    )
    expect(await decisions()).toEqual([
      {
        newsletter_send_id: '2026-11-18-daily',
        offer_id: 5,
        variation_id: 50,
        strategy: 'weighted',
        probability: 0.75,
      },
    ])
    expect(await chosen(0, { newsletter_send_id: 'another' })).toBe(42)
  })

  test('asked for without a name is decided anew each time, and not kept', async () => {
    expect([await chosen(0.9), await chosen(0)]).toEqual([50, 42])
    expect(await decisions()).toEqual([])
  })

  test('gets another promo when the first may no longer be shown', async () => {
    await chosen(0.9, send)
    await store.sql`update promo_offers set active = false where id = 5`
    expect(await chosen(0, send)).toBe(42)
    await store.sql`update promo_offers set active = true where id = 5`
    expect(await chosen(0.9, send)).toBe(42)
    await store.sql`delete from promo_text_variations where id = 42`
    expect(await decisions()).toEqual([])
    expect(await chosen(0.9, send)).toBe(50)
  })

  test('asked for by many at once gets one promo', async () => {
    const answers = await Promise.all(Array.from({ length: 16 }, (_, index) => chosen(index / 16, send)))
    expect(new Set(answers).size).toBe(1)
    expect(await decisions()).toHaveLength(1)
  })
})

/** A database that answers the statements before `step` and does something of its own at it. */
function interrupted(step: number, at: () => Promise<'go on' | 'gone'>): Database {
  let count = 0
  return {
    ...database,
    async run(statements, deadline) {
      count += 1
      if (count >= step && (await at()) === 'gone') return fail({ code: 'unavailable', message: 'gone' })
      return database.run(statements, deadline)
    },
  }
}

test('a database that goes away is told at every step', async () => {
  for (const step of [1, 2, 3]) {
    const answer = await select(
      0,
      { newsletter_send_id: 'send' },
      interrupted(step, async () => 'gone'),
    )
    expect(answer).toMatchObject(fail({ error: 'database_unavailable' }))
  }
  expect(await decisions()).toEqual([])
})

test('a decision that another caller takes in between stands', async () => {
  let taken = false
  const other = interrupted(3, async () => {
    if (!taken)
      await store.sql`
      insert into promo_decisions (newsletter_send_id, offer_id, variation_id, strategy, probability)
      values ('send', 5, 50, 'ctr_weighted', 0.5)
    `
    taken = true
    return 'go on'
  })
  expect(await select(0, { newsletter_send_id: 'send' }, other)).toMatchObject(
    ok({ variation_id: 50, strategy: 'ctr_weighted' }),
  )
})

test('decisions that keep changing under a caller end in an answer all the same', async () => {
  const other = interrupted(2, async () => {
    await store.sql`
      insert into promo_decisions (newsletter_send_id, offer_id, variation_id, strategy, probability)
      values ('send', 4, 44, 'weighted', 0.5)
      on conflict (newsletter_send_id) do update
        set variation_id = case promo_decisions.variation_id when 44 then 60 else 44 end
    `
    return 'go on'
  })
  expect(await select(0, { newsletter_send_id: 'send' }, other)).toMatchObject(
    fail({ error: 'database_unavailable' }),
  )
})
