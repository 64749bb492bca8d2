import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ok } from '../../src/lib/base/result.ts'
import { databaseFault } from '../../src/lib/database/database.ts'
import { makeClickPartitions } from '../../src/lib/database/migrate.ts'
import { type Basis, findDecisions, keepDecisions } from '../../src/lib/store/decisions.ts'
import { findLink, listLinks } from '../../src/lib/store/links.ts'
import { listCandidates, offerExists, offersWithoutSlug, readPromoTexts } from '../../src/lib/store/offers.ts'
import { findVariation, listVariations } from '../../src/lib/store/variations.ts'
import { createVariationSource } from '../../src/lib/tracking/variation-source.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick, anImpression } from '../support/events.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'

let store: TestDatabase

beforeAll(async () => {
  store = await createTestDatabase()
  await insertPromos(store.sql)
})
afterAll(() => store?.drop())

describe('links', () => {
  const quietdesk = {
    slug: 'quietdesk',
    destination_url: 'https://desk.example/#top',
    utm: {},
    pass_parameters: true,
    click_id_parameter: null,
  }
  const nocodemba = {
    slug: 'nocodemba',
    destination_url: 'https://merchant.example/course?ref=daily',
    utm: { utm_source: 'dailybrief' },
    pass_parameters: false,
    click_id_parameter: null,
  }
  const search = {
    slug: 'search',
    destination_url: "https://merchant.example/s?q=caf%E9&12345&sig=a:/,;'()*%2f&id=!!!id!!!#a%20b",
    utm: { utm_source: 'x y' },
    pass_parameters: true,
    click_id_parameter: null,
  }

  test('are listed and found while they are active', async () => {
    expect([...(await listLinks(store.sql))]).toEqual([nocodemba, quietdesk, search])
    expect([...(await findLink(store.sql, 'quietdesk'))]).toEqual([quietdesk])
    expect([...(await findLink(store.sql, 'gone'))]).toEqual([])
    expect([...(await findLink(store.sql, 'QuietDesk'))]).toEqual([])
  })

  test.for([
    ['UPPER', 'https://a.example/', '{}'],
    ['-dash', 'https://a.example/', '{}'],
    ['a'.repeat(101), 'https://a.example/', '{}'],
    ['slug', 'javascript:alert(1)', '{}'],
    ['slug', ' https://a.example/', '{}'],
    ['slug', `https://a.example/${'x'.repeat(2031)}`, '{}'],
    ['slug', 'https://a.example/', '[]'],
  ])('are refused by the database if a page cannot use them: %s %s', async ([slug, url, utm]) => {
    await expect(store.sql`
      insert into affiliate_links (slug, destination_url, utm)
        values (${slug ?? ''}, ${url ?? ''}, ${utm ?? ''}::text::jsonb)
    `).rejects.toThrow('check constraint')
  })
})

test('variations come with their offer, its slug and its former ones', async () => {
  const known = { offer_id: 4, link_slug: 'nocodemba', former_slugs: [] }
  expect([...(await listVariations(store.sql))]).toEqual([
    { ...known, variation_id: 42 },
    { ...known, variation_id: 43 },
    { ...known, variation_id: 44 },
    { variation_id: 50, offer_id: 5, link_slug: 'quietdesk', former_slugs: [] },
    { variation_id: 60, offer_id: 6, link_slug: null, former_slugs: [] },
  ])
  for (const slug of ['newer', 'newer', null, 'newest', 'nocodemba', 'quiet']) {
    await store.sql`update promo_offers set link_slug = ${slug} where id = 4`
  }
  expect([...(await findVariation(store.sql, 42))]).toEqual([
    {
      variation_id: 42,
      offer_id: 4,
      link_slug: 'quiet',
      former_slugs: ['newer', 'newest', 'nocodemba'],
    },
  ])
  await store.sql`update promo_offers set link_slug = 'nocodemba' where id = 4`
  await store.sql`delete from promo_former_slugs`
  expect(await findVariation(store.sql, 61)).toHaveLength(0)
})

test('tracking finds all variations, or one, or learns that there is none', async () => {
  const database = patientDatabase(() => store.url)
  const source = createVariationSource(database)
  const rows = [...(await listVariations(store.sql))]
  expect(rows).toHaveLength(5)
  expect(await source.list()).toEqual(ok({ rows, empty: false }))
  expect(await source.find(50)).toEqual(ok(rows[3]))
  expect(await source.find(61)).toEqual(ok(undefined))
  await database.close()
})

describe('offers', () => {
  test('exist or not, and those without a slug are known while they are active', async () => {
    expect([...(await offerExists(store.sql, 4))]).toEqual([{ id: 4 }])
    expect([...(await offerExists(store.sql, 7))]).toEqual([])
    expect([...(await offersWithoutSlug(store.sql))]).toEqual([{ id: 6 }])
    await store.sql`update promo_offers set active = false where id = 6`
    expect([...(await offersWithoutSlug(store.sql))]).toEqual([])
    await store.sql`update promo_offers set active = true where id = 6`
  })

  test('are candidates with approved variations, a weight and a slug, with their sums of all time', async () => {
    const at = Date.UTC(2026, 10, 18, 6)
    await recordImpressions(store.sql, [
      anImpression({ at }),
      anImpression({ at, newsletter_send_id: 'b', recipients: 50 }),
    ])
    await recordClicks(store.sql, [
      aClick({ at }),
      aClick({ at: at + 7_200_000 }),
      aClick({ at, verdict: 'machine', reason: 'prefetch' }),
    ])
    const standing = async (counted = true) =>
      (await listCandidates(store.sql, counted))
        .flatMap((row) =>
          row.variations.map((id, index) => [id, row.weight, row.recipients[index], row.human_clicks[index]]),
        )
        .toSorted((one, other) => Number(one[0]) - Number(other[0]))
    expect(await standing()).toEqual([
      [42, 1, 150, 2],
      [43, 1, 0, 0],
      [50, 3, 0, 0],
    ])
    expect((await standing(false))[0]).toEqual([42, 1, undefined, undefined])
    expect((await listCandidates(store.sql, false))[0]).toMatchObject({ offer_id: 4, link_slug: 'nocodemba' })
    expect(await readPromoTexts(store.sql, [42])).toMatchObject([
      {
        offer_id: 4,
        offer_name: 'No Code MBA',
        offer_type: 'affiliate',
        variation_id: 42,
        text_content: 'Build your dream startup this weekend',
        cta_text: 'Build Now →',
        tone: 'exciting',
        length_category: 'short',
      },
    ])
    await store.sql`update promo_offers set offer_type = 'self_test' where id = 4`
    expect(await standing()).toEqual([[50, 3, 0, 0]])
    await store.sql`update promo_offers set offer_type = 'affiliate' where id = 4`
    await store.sql`update promo_offers set weight = 0 where id = 5`
    await store.sql`update promo_text_variations set approved = false where id = 43`
    expect(await standing()).toEqual([[42, 1, 150, 2]])
    await store.sql`update promo_offers set active = false where id = 4`
    expect(await standing()).toEqual([])
    await store.sql`update promo_offers set active = true, weight = id - 3 where id in (4, 5)`
    expect(await findDrift(store.sql)).toEqual([])
  })
})

test('a decision stands until it is replaced by name, whoever else decides at the time', async () => {
  const basis: Basis = { by_weight: false, floor: 0, taken: [], offers: '', arms: '' }
  const first = {
    segment: 1,
    offer_id: 4,
    variation_id: 42,
    strategy: 'weighted' as const,
    goal: null,
    probability: 0.25,
  }
  const second = {
    ...first,
    offer_id: 5,
    variation_id: 50,
    strategy: 'ctr_weighted' as const,
    probability: 1,
  }
  const keep = (decision: typeof first | typeof second, replaced: number[] = []) =>
    keepDecisions(
      store.sql,
      { send: 'send', newsletter: 'daily' },
      [{ ...decision, seed: 4_294_967_295, basis }],
      replaced,
    )
  expect([...(await findDecisions(store.sql, 'send', 8))]).toEqual([])
  const kept = (await Promise.all([first, second, first, second].map((one) => keep(one)))).flat()
  expect(kept).toHaveLength(1)
  const notReported = (decisions: readonly object[]) =>
    decisions.map((one) => ({ ...one, newsletter: 'daily', reported: false }))
  expect([...(await findDecisions(store.sql, 'send', 1))]).toEqual(notReported(kept))
  const [standing] = kept
  const other = standing?.variation_id === 42 ? second : first
  expect([...(await keep(other, [43]))]).toEqual([])
  expect([...(await keep(other, [43, standing?.variation_id ?? 0]))]).toEqual([other])
  expect([...(await findDecisions(store.sql, 'send', 1))]).toEqual(notReported([other]))
  // Another segment may not have the same variation.
  const clash = await keep({ ...other, segment: 2 }).catch(databaseFault)
  expect(clash).toMatchObject({ code: 'conflict' })
})

describe('click partitions', () => {
  const partitions = async () =>
    (
      await store.sql`
        select relname from pg_inherits join pg_class on oid = inhrelid
        where inhparent = 'promo_click_tracking'::regclass order by relname
      `
    ).map(({ relname }) => String(relname).replace('promo_click_tracking_', ''))

  test('are made for this month and the coming two, over the turn of the year, once', async () => {
    const made = async (now: number) =>
      (await makeClickPartitions(store.sql, now)).map((row) => row.promo_make_click_partition)
    expect(await made(Date.UTC(2026, 10, 30, 23, 59, 59, 999))).toEqual([true, true, true])
    expect(await partitions()).toEqual(['2026_11', '2026_12', '2027_01', 'default'])
    expect(await made(Date.UTC(2026, 11, 1))).toEqual([false, false, true])
    expect(await made(Date.UTC(2026, 11, 31, 12))).toEqual([false, false, false])
    expect(await partitions()).toEqual(['2026_11', '2026_12', '2027_01', '2027_02', 'default'])
  })

  test('hold exactly their month in UTC, whatever the zone of the session that makes them', async () => {
    await store.sql.begin(async (transaction) => {
      await transaction`set local time zone 'Asia/Tokyo'`
      await transaction`select promo_make_click_partition('2028-02-29')`
    })
    const edges = [
      Date.UTC(2028, 1, 1) - 1,
      Date.UTC(2028, 1, 1),
      Date.UTC(2028, 2, 1) - 1,
      Date.UTC(2028, 2, 1),
    ]
    await recordClicks(
      store.sql,
      edges.map((at) => aClick({ at })),
    )
    const rows = await store.sql`
      select tableoid::regclass::text as partition, clicked_date::text as date from promo_click_tracking
      where clicked_at > '2028-01-01' order by clicked_at
    `
    expect([...rows]).toEqual([
      { partition: 'promo_click_tracking_default', date: '2028-01-31' },
      { partition: 'promo_click_tracking_2028_02', date: '2028-02-01' },
      { partition: 'promo_click_tracking_2028_02', date: '2028-02-29' },
      { partition: 'promo_click_tracking_default', date: '2028-03-01' },
    ])
    expect(await findDrift(store.sql)).toEqual([])
  })

  test('made by several instances while clicks arrive lose none', async () => {
    const at = Date.UTC(2029, 5, 1)
    const untilDone = async (statement: () => PromiseLike<unknown>): Promise<void> => {
      for (;;) {
        const fault = await statement().then(
          () => undefined,
          (error: unknown) => databaseFault(error),
        )
        if (!fault) return
        // As the site does: a deadlock is tried again.
        expect(fault.code).toBe('conflict')
      }
    }
    const batches = Array.from({ length: 25 }, (_, index) =>
      Array.from({ length: 20 }, (_, second) => aClick({ at: at + index * 86_400_000 + second })),
    )
    await Promise.all([
      ...batches.map((clicks) => untilDone(() => recordClicks(store.sql, clicks))),
      ...[1, 2, 3].map(() => untilDone(() => makeClickPartitions(store.sql, at))),
    ])
    const [inside] = await store.sql`select count(*)::integer as clicks from promo_click_tracking_2029_06`
    expect(inside?.clicks).toBe(500)
    expect(await findDrift(store.sql)).toEqual([])
  })
})
