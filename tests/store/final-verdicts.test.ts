import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Click } from '../../src/lib/model/event.ts'
import { rulesVersion } from '../../src/lib/model/verdict.ts'
import { emptyDatabase, findDrift, insertPromos } from '../support/database.ts'
import { aClick, aHash, anImpression } from '../support/events.ts'
import { fileDatabase } from '../support/file-database.ts'
import { judgeAll } from '../support/judgement/judge-all.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'
import { settleEverything } from '../support/settled.ts'

const database = fileDatabase(async (sql) => expect(await findDrift(sql)).toEqual([]))
const empty = () => emptyDatabase(database.sql)

const noon = Date.UTC(2026, 2, 18, 12)
const second = 1_000

const settle = (how: Parameters<typeof settleEverything>[1] = {}) => settleEverything(database.sql, how)

const verdicts = async () => {
  const rows = await database.sql<{ event_id: string; verdict: Click['verdict']; reason: string }[]>`
    select event_id, verdict, reason from promo_click_tracking order by clicked_at, event_id
  `
  return rows.map(({ event_id, verdict, reason }) => [event_id, { verdict, reason }] as const)
}

/** "verdict reason" of each click in order of time. */
const told = async () => (await verdicts()).map(([, { verdict, reason }]) => `${verdict} ${reason}`)

const places = [
  { offer_id: 4, variation_id: 42 },
  { offer_id: 4, variation_id: 43 },
  { offer_id: 5, variation_id: 50 },
  { offer_id: 6, variation_id: 60 },
] as const

/** The visitor's clicks on different variations, one after the other. */
const onAll = (count: number, at: number, ip_hash = aHash(1), changes: Partial<Click> = {}) =>
  places.slice(0, count).map((place, index) => aClick({ ...place, at: at + index, ip_hash, ...changes }))

const provisional = fc.constantFrom(
  { verdict: 'human' as const, reason: 'none' },
  { verdict: 'human' as const, reason: 'none' },
  { verdict: 'duplicate' as const, reason: 'repeated' },
  { verdict: 'duplicate' as const, reason: 'crowded_address' },
  { verdict: 'human' as const, reason: 'many_links' },
  { verdict: 'machine' as const, reason: 'soon_after_send+many_links' },
  { verdict: 'machine' as const, reason: 'prefetch' },
  { verdict: 'machine' as const, reason: 'flood' },
  { verdict: 'human' as const, reason: 'sample' },
)
/** Few visitors, variations and moments, so that they meet; the edges of all spans are among the moments. */
const at = fc
  .record({
    from: fc.constantFrom(0, 0, 0, 40, 3_600),
    seconds: fc.integer({ min: 0, max: 45 }),
    milliseconds: fc.constantFrom(0, 0, 1, 500, 999),
  })
  .map(({ from, seconds, milliseconds }) => noon + (from + seconds) * second + milliseconds)
const click = fc
  .record({
    place: fc.constantFrom(...places),
    at,
    provisional,
    visitor: fc.option(fc.integer({ min: 1, max: 5 })),
    house: fc.constantFrom(1, 1, 2),
    newcomer: fc.boolean(),
    sign: fc.constantFrom(null, null, null, 'no_user_agent' as const, 'stale_user_agent' as const),
  })
  .map(({ place, at, provisional, visitor, house, newcomer, sign }) => {
    const click = { ...place, ...provisional, at, sign }
    if (visitor === null) return aClick({ ...click, newcomer: newcomer && provisional.verdict === 'human' })
    // Sample data is of visitors of its own, who have no address; each of the others has one.
    if (provisional.reason === 'sample') return aClick({ ...click, ip_hash: aHash(90 + visitor) })
    return aClick({ ...click, ip_hash: aHash(10 * house + visitor), address_hash: `house ${house}` })
  })
const impression = fc
  .record({ place: fc.constantFrom(...places), at, named: fc.boolean() })
  .map(({ place, at, named }) =>
    anImpression({ ...place, at, newsletter_send_id: named ? `send-${at}` : null }),
  )

test('final verdicts equal the reference implementation, whoever settles and in whatever batches', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(click, { minLength: 1, maxLength: 60 }),
      fc.uniqueArray(impression, { maxLength: 4, selector: (one) => `${one.at}/${one.variation_id}` }),
      fc.record({ limit: fc.integer({ min: 1, max: 30 }), settlers: fc.integer({ min: 1, max: 3 }) }),
      fc.record({
        duplicateSeconds: fc.constantFrom(0, 1, 10, 60),
        visitorsPerAddress: fc.constantFrom(1, 2, 3, 5),
      }),
      fc.boolean(),
      async (clicks, impressions, { limit, settlers }, rules, shuffled) => {
        await empty()
        await insertPromos(database.sql)
        await recordImpressions(database.sql, impressions)
        await recordClicks(database.sql, clicks)
        // As if each had been recorded by a flush of its own, in order of time or late.
        const order = shuffled ? database.sql`md5(event_id::text)` : database.sql`clicked_at, event_id`
        await database.sql`
          update promo_click_tracking c set id = 1000000000 + placed.place
          from (select event_id, row_number() over (order by ${order}) as place from promo_click_tracking) placed
          where placed.event_id = c.event_id
        `
        expect(await settle({ limit, settlers, ...rules })).toBe(clicks.length)
        const arrived = await database.sql<{ event_id: string }[]>`
          select event_id from promo_click_tracking order by id
        `
        const inOrder = arrived.flatMap(({ event_id }) => clicks.filter((one) => one.event_id === event_id))
        const sends = impressions.filter(({ newsletter_send_id }) => newsletter_send_id !== null)
        expect(new Map(await verdicts())).toEqual(judgeAll(inOrder, sends, rules))
        expect(await findDrift(database.sql)).toEqual([])
      },
    ),
    { numRuns: 40 },
  )
})

const chrome = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36'
const agents = [chrome, chrome, chrome, 'Mozilla/5.0 (iPhone) Version/26.0 Mobile Safari/604.1', null]
/** Clicks of crowds: from few networks, with few browsers, close to each other. */
const crowdClick = fc
  .record({
    place: fc.constantFrom(places[0], places[0], places[0], places[1]),
    seconds: fc.integer({ min: 0, max: 200 }),
    address: fc.integer({ min: 1, max: 40 }),
    network: fc.constantFrom('aaaaaa', 'aaaaaa', 'bbbbbb'),
    agent: fc.constantFrom(...agents),
    sign: fc.constantFrom(null, null, 'seen_network', 'stale_user_agent+seen_network'),
  })
  .map(({ place, seconds, address, network, agent, sign }) =>
    aClick({
      ...place,
      at: noon + seconds * second,
      ip_hash: aHash(1000 * agents.indexOf(agent) + address),
      address_hash: `${network}${address}`,
      user_agent: agent,
      sign,
    }),
  )

test('signs from networks equal the reference implementation, in whatever batches', async () => {
  const told = new Set<string>()
  await fc.assert(
    fc.asyncProperty(
      fc.array(crowdClick, { minLength: 30, maxLength: 90 }),
      fc.integer({ min: 5, max: 100 }),
      fc.boolean(),
      async (given, limit, uniform) => {
        const clicks = uniform ? given.map((one) => ({ ...one, user_agent: chrome })) : given
        await empty()
        await insertPromos(database.sql)
        const send = anImpression({ at: noon + 20 * second })
        await recordImpressions(database.sql, [send])
        await recordClicks(database.sql, clicks)
        await settle({ limit, visitorsPerAddress: 50 })
        const rules = { duplicateSeconds: 10, visitorsPerAddress: 50 }
        const found = await verdicts()
        expect(new Map(found)).toEqual(judgeAll(clicks, [send], rules))
        for (const [, { reason }] of found) for (const sign of reason.split('+')) told.add(sign)
      },
    ),
    // By chance a sign would be missing now and then.
    { numRuns: 20, seed: 7 },
  )
  expect([...told]).toEqual(
    expect.arrayContaining(['soon_after_send', 'many_addresses', 'only_agent', 'beside_person', 'none']),
  )
})

test('of two instances that both took a click for the first, one was, and the other a duplicate', async () => {
  await Promise.all([
    recordClicks(database.sql, [aClick({ at: noon, ip_hash: aHash(1) })]),
    recordClicks(database.sql, [aClick({ at: noon + 40, ip_hash: aHash(1) })]),
  ])
  expect(await told()).toEqual(['human none', 'human none'])
  await settle({ limit: 1, settlers: 2 })
  expect((await told()).toSorted()).toEqual(['duplicate repeated', 'human none'])
})

test('a click that looked like a duplicate of a machine’s is a person’s', async () => {
  const [first, ...others] = onAll(3, noon, aHash(1), { sign: 'no_user_agent', reason: 'no_user_agent' })
  const again = aClick({
    at: noon + 15 * second,
    ip_hash: aHash(1),
    verdict: 'duplicate',
    reason: 'repeated',
  })
  await recordClicks(database.sql, first ? [first, ...others, again] : [])
  await settle({ duplicateSeconds: 60 })
  const machine = 'machine no_user_agent+many_links'
  expect(await told()).toEqual([machine, machine, machine, 'human none'])
})

test('a burst’s first click is judged with the rest of its burst, and uncertain clicks move with it', async () => {
  await recordImpressions(database.sql, [anImpression({ at: noon - 29_999 })])
  const burst = onAll(3, noon)
  await recordClicks(database.sql, burst)
  expect(await told()).toEqual(['human none', 'human none', 'human none'])
  await settle({ limit: 1 })
  expect(await told()).toEqual(['machine soon_after_send+many_links', 'human many_links', 'human many_links'])
  const rows = await database.sql`
    select variation_id, human_clicks::integer as human, machine_clicks::integer as machine,
      uncertain_clicks::integer as uncertain
    from promo_daily_metrics where clicks > 0 order by variation_id
  `
  expect([...rows]).toEqual([
    { variation_id: 42, human: 0, machine: 1, uncertain: 0 },
    { variation_id: 43, human: 1, machine: 0, uncertain: 1 },
    { variation_id: 50, human: 1, machine: 0, uncertain: 1 },
  ])
  const [settled] = await database.sql`select count(*)::integer as visitors from promo_clickers`
  expect(settled).toEqual({ visitors: 2 })
})

test('a click that arrives after its neighbours were settled takes them into account', async () => {
  await recordClicks(database.sql, onAll(2, noon))
  await settle()
  const late = aClick({ ...places[2], at: noon + 5 * second, ip_hash: aHash(1), sign: 'stale_user_agent' })
  await recordClicks(database.sql, [late, aClick({ at: noon + 9_999, ip_hash: aHash(1) })])
  await settle()
  // What was final stays: only clicks whose turn comes are judged.
  expect(await told()).toEqual([
    'human none',
    'human none',
    'machine stale_user_agent+many_links',
    'duplicate repeated',
  ])
})

describe('the edges', () => {
  test.each([1, 100])(
    'of a send: a click is soon for thirty seconds, on its variation only, in batches of %i',
    async (limit) => {
      await recordImpressions(database.sql, [
        anImpression({ at: noon }),
        anImpression({ at: noon + 100 * second, newsletter_send_id: null }),
      ])
      const soon = [
        [-1, false],
        [0, true],
        [1, true],
        [29_999, true],
        [30_000, false],
        [30_001, false],
        [100_000, false],
      ] as const
      for (const [after] of soon) await recordClicks(database.sql, [aClick({ at: noon + after })])
      await settle({ limit })
      expect(await told()).toEqual(soon.map(([, is]) => `human ${is ? 'soon_after_send' : 'none'}`))
      await recordClicks(database.sql, [aClick({ at: noon + 2, variation_id: 43 })])
      await settle({ limit })
      expect(await told()).toContain('human none')
    },
  )

  test.each([1, 2, 3, 100])(
    'of a duplicate: the window runs from the click that counted, in batches of %i',
    async (limit) => {
      const times = [0, 9_999, 10_000, 18_000, 20_000, 29_999, 29_999, 30_000]
      await recordClicks(
        database.sql,
        times.map((after) => aClick({ at: noon + after, ip_hash: aHash(1) })),
      )
      await settle({ limit })
      const letters = (await told()).map((verdict) => verdict[0])
      expect(letters.join(' ')).toBe('h d h d h d d h')
    },
  )

  test.each([1, 2, 100])(
    'of a duplicate: a click every eight seconds does not hide others, in batches of %i',
    async (limit) => {
      const nuisance = Array.from({ length: 40 }, (_, index) =>
        aClick({ at: noon + index * 8 * second, ip_hash: aHash(1) }),
      )
      const readers = Array.from({ length: 11 }, (_, index) =>
        aClick({ at: noon + index * 25 * second, ip_hash: aHash(2 + index) }),
      )
      await recordClicks(
        database.sql,
        [...nuisance, ...readers].toSorted((a, b) => a.at - b.at),
      )
      await settle({ limit })
      const [found] = await database.sql`
        select count(*) filter (where ip_hash <> ${aHash(1)})::integer as readers,
          count(*) filter (where ip_hash = ${aHash(1)})::integer as nuisance
        from promo_click_tracking where verdict = 'human'
      `
      expect(found).toEqual({ readers: 11, nuisance: 20 })
    },
  )

  test.each([
    ['in order', [0, 59_999, 60_000], 'h d h'],
    ['late', [60_000, 1, 0], 'h d h'],
  ])(
    'of a duplicate: a window longer than a burst reaches all its clicks, %s',
    async (_, times, expected) => {
      for (const after of times) {
        await recordClicks(database.sql, [aClick({ at: noon + after, ip_hash: aHash(1) })])
        await settle({ duplicateSeconds: 60 })
      }
      const rows = await database.sql`select verdict from promo_click_tracking order by id`
      expect(rows.map(({ verdict }) => verdict[0]).join(' ')).toBe(expected)
    },
  )

  test('of a duplicate: a late click takes the counted clicks before and after into account', async () => {
    const arrivals = [0, 30_000, 15_000, 21_000, 9_000, 39_999, 40_000]
    for (const after of arrivals) {
      await recordClicks(database.sql, [aClick({ at: noon + after, ip_hash: aHash(1) })])
      await settle()
    }
    const rows = await database.sql`select verdict from promo_click_tracking order by id`
    expect(rows.map(({ verdict }) => verdict[0]).join(' ')).toBe('h h h d d d h')
  })

  /** Two links together and a third one later, or earlier, each settled by itself or all at once. */
  test.each<[from: number, away: number, together: boolean]>([
    [0, -10_001, false],
    [0, -10_000, true],
    [0, 10_999, true],
    [0, 11_000, false],
    [0, 11_001, false],
    [999, -11_000, false],
    [999, -10_999, true],
    [999, 10_000, true],
    [999, 10_001, false],
  ])(
    'of links clicked together: %i ms after a second began, %i ms away: %s',
    async (from, away, together) => {
      const clicks = (visitor: number) =>
        onAll(3, noon + from, aHash(visitor)).map((one, index) => ({
          ...one,
          at: noon + from + (index === 2 ? away : 0),
        }))
      for (const limit of [1, 100]) {
        for (const [visitor, order] of [clicks(limit), clicks(limit + 1).toReversed()].entries())
          await recordClicks(
            database.sql,
            order.map((one) => ({ ...one, ip_hash: aHash(limit + visitor) })),
          )
        await settle({ limit })
      }
      expect(await told()).toEqual(Array(12).fill(together ? 'human many_links' : 'human none'))
    },
  )

  test.each([
    [2, 'none'],
    [3, 'many_links'],
    [4, 'many_links'],
  ])('of links clicked together: each of %i is %s', async (links, reason) => {
    await recordClicks(database.sql, onAll(links, noon))
    await settle()
    expect(await told()).toEqual(Array(links).fill(`human ${reason}`))
  })

  test('of links clicked together: a third one at another time does not count', async () => {
    const [a, b, c] = onAll(3, noon)
    if (!a || !b || !c) return expect.fail('three places')
    await recordClicks(database.sql, [a, b, { ...c, at: noon + 60 * second }])
    await settle()
    expect(await told()).toEqual(Array(3).fill('human none'))
  })

  test.each([1, 2, 3, 5].flatMap((most) => [1, 2, 100].map((limit) => [most, limit] as const)))(
    'of an address: %i visitors count and the next one does not, in batches of %i',
    async (most, limit) => {
      const visit = (visitor: number, after = 0) =>
        aClick({ at: noon + 100 * visitor + after, ip_hash: aHash(visitor), address_hash: 'office' })
      const all = Array.from({ length: most + 2 }, (_, visitor) => visit(visitor))
      await recordClicks(database.sql, all)
      await settle({ limit, visitorsPerAddress: most })
      const crowded = Array(2).fill('duplicate crowded_address')
      expect(await told()).toEqual([...Array(most).fill('human none'), ...crowded])
      // Who is beyond them repeats a click as anybody does, and is beyond them again later.
      await recordClicks(database.sql, [visit(most, 9_999), visit(most, 10_000), visit(0, 10_001)])
      await settle({ limit, visitorsPerAddress: most })
      expect((await told()).slice(-3).toSorted()).toEqual([
        'duplicate crowded_address',
        'duplicate repeated',
        'human none',
      ])
    },
  )
})

test('only changed verdicts are written, with the edition of the rules that changed them', async () => {
  await recordClicks(database.sql, [
    aClick({ at: noon, ip_hash: aHash(1), rules_version: 1 }),
    aClick({ at: noon + 1, ip_hash: aHash(1), rules_version: 1 }),
    aClick({ at: noon + 2, ip_hash: aHash(1), rules_version: 1, verdict: 'machine', reason: 'prefetch' }),
  ])
  const stored = () =>
    database.sql`select ctid::text, rules_version from promo_click_tracking order by clicked_at`
  const before = await stored()
  await settle()
  const after = await stored()
  expect(after.map(({ ctid }, index) => ctid === before[index]?.ctid)).toEqual([true, false, true])
  expect(after.map(({ rules_version }) => rules_version)).toEqual([1, rulesVersion, 1])
})

test('a visitor’s twenty thousand clicks within a second are judged in reasonable time', async () => {
  // Comparing each with each would take minutes.
  const clicks = 20_000
  await database.sql`
    insert into promo_click_tracking (event_id, offer_id, variation_id, clicked_at, ip_hash)
    select gen_random_uuid(), 4, 42 + i % 3, ${new Date(noon)}::timestamptz + i / 20 * interval '1 millisecond',
      ${aHash(1)}
    from generate_series(1, ${clicks}::integer) i
  `
  await database.sql`
    insert into promo_performance_metrics (hour, offer_id, variation_id, clicks, human_clicks)
    select date_trunc('hour', clicked_at, 'UTC'), offer_id, variation_id, count(*), count(*)
    from promo_click_tracking group by 1, 2, 3
  `
  await database.sql`
    insert into promo_daily_metrics (day, offer_id, variation_id, clicks, human_clicks)
    select (hour at time zone 'UTC')::date, offer_id, variation_id, clicks, human_clicks from promo_performance_metrics
  `
  await database.sql`
    update promo_text_variations v set clicks = m.clicks from promo_daily_metrics m where m.variation_id = v.id
  `
  await database.sql`update promo_offers set total_clicks = ${clicks} where id = 4`
  // Statistics that the server happened to make during the insert would say that the table is empty.
  await database.sql`analyze promo_click_tracking`
  const began = performance.now()
  expect(await settle({ limit: 20_000 })).toBe(clicks)
  expect(performance.now() - began).toBeLessThan(60_000)
  const rows = await database.sql`
    select verdict, reason, count(*)::integer as clicks from promo_click_tracking group by 1, 2 order by 3
  `
  expect([...rows]).toEqual([
    { verdict: 'human', reason: 'many_links', clicks: 3 },
    { verdict: 'duplicate', reason: 'repeated', clicks: clicks - 3 },
  ])
})
