import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fail, ok } from '../../src/lib/base/result.ts'
import type { Database } from '../../src/lib/database/database.ts'
import type { Destination } from '../../src/lib/links/destination.ts'
import type { RefreshingCache } from '../../src/lib/links/refreshing-cache.ts'
import { choose } from '../../src/lib/selection/choose.ts'
import { explain } from '../../src/lib/selection/explain.ts'
import { type SelectionRequest, selectPromo } from '../../src/lib/selection/select-promo.ts'
import { explainDecisions } from '../../src/lib/store/decisions.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick, anImpression } from '../support/events.ts'
import { knownLinks } from '../support/known-links.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'

let store: TestDatabase
let database: Database
let links: RefreshingCache<string, Destination>

beforeEach(async () => {
  store = await createTestDatabase()
  database = patientDatabase(() => store.url)
  await insertPromos(store.sql)
  links = await knownLinks(database)
})
afterEach(async () => {
  // Evidence of sends is written by hand here, without the clicks that it would come from.
  await store.sql`delete from promo_send_metrics`
  expect(await findDrift(store.sql)).toEqual([])
  await database.close()
  await store.drop()
})

const rules = { offerGap: 1, offerSends: 5, window: 14, variationGap: 2, floor: 0.05 }
const noon = Date.UTC(2026, 10, 18, 12)
const goal = { goal: 'clicks' as const, currency: undefined }

/** The candidates are 42 and 43 of an offer that weighs 1, and 50 of one that weighs 3. */
const select = (chance: number, request: Partial<SelectionRequest> = {}, from = database) =>
  selectPromo(
    {
      database: from,
      links,
      random: () => chance,
      now: () => noon,
      rules,
      goal,
      siteUrl: 'https://news.example',
    },
    { strategy: 'weighted', ...request },
  )

async function chosen(chance: number, request: Partial<SelectionRequest> = {}): Promise<number | string> {
  const promo = await select(chance, request)
  return promo.ok ? promo.value.variation_id : promo.fault.error
}

const nothing = { recipients: 0, human_clicks: 0, k: 0, n: 0, held: null }
const newsletter = [
  { ...nothing, offer_id: 4, variation_id: 42, weight: 1 },
  { ...nothing, offer_id: 4, variation_id: 43, weight: 1 },
  { ...nothing, offer_id: 5, variation_id: 50, weight: 3 },
]
/** A chance with which `weighted` chooses a variation while all three may be shown. */
function chanceFor(variation: number): number {
  for (let seed = 0; seed < 1_000; seed += 1) {
    const choice = choose({ arms: newsletter, strategy: 'weighted', seed, taken: [], floor: 0 })
    if (choice?.arm.variation_id === variation) return seed / 2 ** 32
  }
  return expect.fail(`nothing chooses ${variation}`)
}
const [for42, for43, for50] = [chanceFor(42), chanceFor(43), chanceFor(50)]

const decisions = async () => [
  ...(await store.sql`select newsletter_send_id, offer_id, variation_id, strategy, probability from promo_decisions`),
]

const explainedOf = async (send: string) => [...(await explainDecisions(store.sql, send))]

test('a promo has everything that a newsletter shows, and its link', async () => {
  expect(await select(for42)).toEqual(
    ok({
      offer_id: 4,
      offer_name: 'No Code MBA',
      offer_type: 'affiliate',
      variation_id: 42,
      text_content: 'Build your dream startup this weekend',
      cta_text: 'Build Now →',
      tone: 'exciting',
      length_category: 'short',
      link: 'https://news.example/nocodemba?promo_var=42&utm_source=newsletter',
      strategy: 'weighted',
    }),
  )
  expect(await select(for50)).toMatchObject(
    ok({ variation_id: 50, link: 'https://news.example/quietdesk?promo_var=50&utm_source=newsletter' }),
  )
})

test('human clicks count if requested, and are stored with the decisions that they count for', async () => {
  expect(await chosen(for43)).toBe(43)
  await recordImpressions(store.sql, [anImpression({ recipients: 10 })])
  await recordClicks(
    store.sql,
    Array.from({ length: 10 }, () => aClick()),
  )
  await chosen(0, { strategy: 'ctr_weighted', newsletter_send_id: 'send' })
  const [decision] = await decisions()
  // Offer 4 has 10 of 10, so it weighs 2, and so does its variation 42.
  const expected = { 42: (2 / 5) * (2 / 3), 43: (2 / 5) * (1 / 3), 50: 3 / 5 }
  expect(decision?.probability).toBeCloseTo(
    new Map(Object.entries(expected)).get(String(decision?.variation_id)) ?? 0,
    9,
  )
  await chosen(0, { strategy: 'weighted', newsletter_send_id: 'by weight' })
  const armsOf = async (send: string) => (await explainedOf(send)).map(({ basis }) => basis?.arms)
  expect(await armsOf('send')).toEqual(['4 42 1 10 10 0 0 0'])
  expect(await armsOf('by weight')).toEqual([''])
})

describe('a text that may be shown', () => {
  test('has an active link, an active offer with a weight and a slug, and is approved', async () => {
    await store.sql`update affiliate_links set active = false where slug = 'quietdesk'`
    await links.refresh()
    expect([42, 43]).toContain(await chosen(for50))
    await store.sql`update promo_offers set weight = 0 where id = 4`
    expect(await chosen(0)).toBe('no_eligible_promo')
    await store.sql`update promo_offers set weight = 1, active = false where id = 4`
    expect(await chosen(0)).toBe('no_eligible_promo')
    await store.sql`update promo_offers set active = true, link_slug = null where id = 4`
    expect(await chosen(0)).toBe('no_eligible_promo')
  })

  test('need not exist', async () => {
    await store.sql`update promo_text_variations set approved = false`
    expect(await select(0, { newsletter_send_id: 'send' })).toEqual(
      fail({
        error: 'no_eligible_promo',
        message:
          'No promo can be shown: that takes an active offer with a weight above 0, an active link for its slug, ' +
          'and an approved variation',
      }),
    )
    expect(await decisions()).toEqual([])
  })
})

describe('a send', () => {
  const send = { newsletter_send_id: '2026-11-18-daily' }

  test('gets the same promo again, by the strategy that chose it, and stores its probability', async () => {
    expect(await chosen(for50, send)).toBe(50)
    expect(await select(for42, { ...send, strategy: 'ctr_weighted' })).toMatchObject(
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
    expect(await chosen(for42, { newsletter_send_id: 'another' })).toBe(42)
  })

  test('that has its promo is not decided or stored again', async () => {
    let statements = 0
    const counted = () =>
      interrupted(1, async () => {
        statements += 1
        return 'go on'
      })
    await select(for50, send, counted())
    expect(statements).toBe(4)
    statements = 0
    await select(for50, send, counted())
    expect(statements).toBe(3)
  })

  test('without a name is decided again each time, and not stored', async () => {
    expect([await chosen(for50), await chosen(for42)]).toEqual([50, 42])
    expect(await decisions()).toEqual([])
  })

  test('gets another promo when the first may no longer be shown', async () => {
    await chosen(for50, send)
    await store.sql`update promo_offers set active = false where id = 5`
    const second = await chosen(for42, send)
    expect([42, 43]).toContain(second)
    await store.sql`update promo_offers set active = true where id = 5`
    expect(await chosen(for50, send)).toBe(second)
    await store.sql`delete from promo_text_variations where id = ${Number(second)}`
    expect(await decisions()).toEqual([])
    expect([42, 43, 50]).toContain(await chosen(for50, send))
    expect(await decisions()).toHaveLength(1)
  })

  test('that was reported keeps its decision as it was, whatever may be shown now', async () => {
    await chosen(for50, send)
    const before = await explainedOf(send.newsletter_send_id)
    await recordImpressions(store.sql, [anImpression({ ...send, offer_id: 5, variation_id: 50 })])
    expect(await chosen(for42, send)).toBe(50)
    await store.sql`update promo_offers set active = false where id = 5`
    expect([42, 43]).toContain(await chosen(for42, send))
    const several = await select(for42, { ...send, segments: 2 })
    const segments = several.ok ? (several.value.segments ?? []) : []
    expect(segments.map(({ segment }) => segment)).toEqual([1, 2])
    expect(new Set(segments.map(({ variation_id }) => variation_id))).toEqual(new Set([42, 43]))
    expect(await select(for42, { ...send, segments: 2 })).toMatchObject({
      ok: true,
      value: { segments: [{ segment: 1 }, segments[1]] },
    })
    const [first, second] = await explainedOf(send.newsletter_send_id)
    expect(first).toEqual({ ...before[0], shown: true })
    expect(second).toMatchObject({ segment: 2, shown: false })
    await store.sql`update promo_offers set active = true where id = 5`
    expect(await chosen(for42, send)).toBe(50)
  })

  test('that is reported while it is asked for again keeps its decision as well', async () => {
    await chosen(for50, send)
    await store.sql`update promo_offers set active = false where id = 5`
    let reported = false
    const other = interrupted(3, async () => {
      if (!reported)
        await recordImpressions(store.sql, [anImpression({ ...send, offer_id: 5, variation_id: 50 })])
      reported = true
      return 'go on'
    })
    expect(await select(for42, send, other)).toMatchObject({ ok: true })
    expect(await explainedOf(send.newsletter_send_id)).toMatchObject([{ variation_id: 50 }])
  })

  test('asked for by many at once gets one promo', async () => {
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) => chosen([for42, for43, for50][index % 3] ?? 0, send)),
    )
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

const outage = fail({
  error: 'database_unavailable',
  message: 'The database does not answer; ask again later',
})

test('a database outage is reported at every step', async () => {
  for (const step of [1, 2, 3, 4]) {
    const answer = await select(
      0,
      { newsletter_send_id: 'send' },
      interrupted(step, async () => 'gone'),
    )
    expect(answer).toEqual(outage)
  }
  expect(await decisions()).toHaveLength(1)
  for (const step of [1, 2])
    expect(
      await select(
        0,
        { strategy: 'thompson' },
        interrupted(step, async () => 'gone'),
      ),
    ).toMatchObject(fail({ error: 'database_unavailable' }))
})

test('a decision that cannot be stored is not tried again', async () => {
  let tried = 0
  const back = interrupted(3, async () => {
    tried += 1
    return tried === 1 ? 'gone' : 'go on'
  })
  expect(await select(0, { newsletter_send_id: 'send' }, back)).toEqual(outage)
  expect(tried).toBe(1)
  expect(await decisions()).toEqual([])
})

test('a decision that another caller makes in between stays', async () => {
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

test('a database outage after another caller’s decision is reported, too', async () => {
  let step = 0
  const other = interrupted(3, async () => {
    step += 1
    if (step > 1) return 'gone'
    await store.sql`
      insert into promo_decisions (newsletter_send_id, offer_id, variation_id, strategy, probability)
      values ('send', 5, 50, 'weighted', 0.5)
    `
    return 'go on'
  })
  expect(await select(0, { newsletter_send_id: 'send' }, other)).toMatchObject(
    fail({ error: 'database_unavailable' }),
  )
  expect(step).toBe(2)
})

test('texts that vanish while one of them is chosen leave nothing to show', async () => {
  const vanishing = interrupted(2, async () => {
    await store.sql`delete from promo_text_variations`
    return 'go on'
  })
  expect(await select(0, {}, vanishing)).toMatchObject(fail({ error: 'no_eligible_promo' }))
})

test('decisions that keep changing still end in an answer, after four attempts', async () => {
  let statements = 1
  const other = interrupted(2, async () => {
    statements += 1
    await store.sql`
      insert into promo_decisions (newsletter_send_id, offer_id, variation_id, strategy, probability)
      values ('send', 4, 44, 'weighted', 0.5)
      on conflict (newsletter_send_id, segment) do update
        set variation_id = case promo_decisions.variation_id when 44 then 60 else 44 end
    `
    return 'go on'
  })
  expect(await select(0, { newsletter_send_id: 'send' }, other)).toMatchObject(
    fail({ error: 'database_unavailable' }),
  )
  // Candidates and decisions; then each attempt stores its choice and reads the decisions again.
  expect(statements).toBe(2 + 4 * 2)
})

describe('a send in segments', () => {
  const send = { newsletter_send_id: 'split' }
  const split = async (
    segments: number,
    chance = for50,
    strategy: SelectionRequest['strategy'] = 'weighted',
  ) => {
    const promo = await select(chance, { ...send, segments, strategy })
    return promo.ok ? (promo.value.segments ?? []).map((one) => [one.segment, one.variation_id]) : promo
  }

  test('shows another variation to each, the first one also as that of the send, and the same again', async () => {
    const first = await split(3)
    expect(first).toHaveLength(3)
    expect(new Set((Array.isArray(first) ? first : []).map(([, id]) => id))).toEqual(new Set([42, 43, 50]))
    expect(await split(3, for42, 'thompson')).toEqual(first)
    const plain = await select(for43, send)
    expect(plain).toMatchObject(ok({ variation_id: 50 }))
    expect(plain.ok && plain.value).not.toHaveProperty('segments')
    expect(await split(8)).toEqual(first)
    expect(await split(2)).toEqual(Array.isArray(first) ? first.slice(0, 2) : [])
  })

  test('keeps a decision that was made before it was split', async () => {
    expect(await chosen(for43, send)).toBe(43)
    const found = await split(2)
    expect(found).toMatchObject([
      [1, 43],
      [2, expect.any(Number)],
    ])
    await store.sql`update promo_text_variations set approved = false where id = 43`
    const replaced = await split(2)
    expect(replaced).toHaveLength(2)
    expect(JSON.stringify(replaced)).not.toContain('43')
    expect((await decisions()).length).toBe(2)
  })

  test('gets another promo for the segment whose promo may no longer be shown, in its place', async () => {
    await split(2)
    const [before] = await explainedOf('split')
    await store.sql`update promo_text_variations set approved = false where id = ${before?.variation_id ?? 0}`
    const after = await split(2)
    expect(after).toMatchObject([
      [1, expect.any(Number)],
      [2, expect.any(Number)],
    ])
    expect(JSON.stringify(after)).not.toContain(`[1,${before?.variation_id}]`)
  })

  test('asked for by many at once gets one answer', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => split(1 + (index % 3), [for42, for43, for50][index % 3])),
    )
    const all = await split(3)
    for (const answer of answers)
      expect(answer).toEqual(Array.isArray(all) && Array.isArray(answer) ? all.slice(0, answer.length) : [])
  })
})

describe('thompson', () => {
  /** So many clickers of a send, in the settled figures. */
  async function sent(name: string, variation: number, clickers: number, daysAgo: number, offer = 4) {
    const at = noon - daysAgo * 86_400_000
    await recordImpressions(store.sql, [
      anImpression({
        at,
        newsletter_send_id: name,
        offer_id: offer,
        variation_id: variation,
        recipients: 10_000,
      }),
    ])
    await store.sql`
      insert into promo_send_metrics (impression_id, hours, clickers)
      select id, 0, ${clickers} from promo_impression_tracking where newsletter_send_id = ${name}
    `
  }

  test('follows the evidence of sends within the limits, and stores all that explains it', async () => {
    for (let day = 20; day < 30; day += 1) {
      await sent(`good-${day}`, 42, 900, day)
      await sent(`poor-${day}`, 43, 10, day)
      await sent(`weak-${day}`, 50, 10, day, 5)
    }
    await sent('last', 50, 10, 1, 5)
    const ids = new Set<unknown>()
    for (let index = 0; index < 20; index += 1)
      ids.add(await chosen(index / 20 + 0.01, { strategy: 'thompson', newsletter_send_id: `t${index}` }))
    expect(ids.has(50)).toBe(false)
    expect(ids.has(42)).toBe(true)
    const [decision] = await explainDecisions(store.sql, 't3')
    expect(decision).toMatchObject({ segment: 1, strategy: 'thompson', seed: expect.any(Number) })
    const lines = decision ? explain(decision).join('\n') : ''
    expect(lines).toContain('which gives this variation again')
    expect(lines).toContain('held back: its offer was in the sends just before')
    expect(lines).toMatch(/→ variation 4[23] \(offer 4\): [\d.]+ effective clicks of \d+, believed/)
  })

  test('does not count a send’s own decision as repetition', async () => {
    await sent('today', 50, 0, 0, 5)
    const ids = new Set<unknown>()
    for (let index = 0; index < 12; index += 1) {
      await store.sql`delete from promo_decisions`
      ids.add(await chosen(index / 12 + 0.01, { strategy: 'thompson', newsletter_send_id: 'today' }))
    }
    expect(ids.has(50)).toBe(true)
  })
})
