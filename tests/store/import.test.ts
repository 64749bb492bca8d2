import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fail } from '../../src/lib/base/result.ts'
import { describeChanges, summarize } from '../../src/lib/catalogue/describe.ts'
import { type ImportOptions, importCatalogue } from '../../src/lib/catalogue/import.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick } from '../support/events.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordClicks } from '../support/record.ts'

const sample: unknown = JSON.parse(readFileSync('db/sample.json', 'utf8'))

let tested: TestDatabase
let database: Database

beforeEach(async () => {
  tested = await createTestDatabase()
  database = patientDatabase(() => tested.url)
})

afterEach(async () => {
  await database.close()
  await tested.drop()
})

/** What an import answers, in one text. */
async function importing(json: unknown, options?: ImportOptions): Promise<string | string[]> {
  const plan = await importCatalogue(database, json, options)
  if (plan.ok) return summarize(plan.value)
  return plan.fault.code === 'invalid'
    ? plan.fault.faults.map(({ place, message }) => `${place}: ${message}`)
    : plan.fault.code
}

async function everything(): Promise<unknown> {
  const { sql } = tested
  return [
    await sql`select * from affiliate_links order by slug`,
    await sql`select * from promo_offers order by id`,
    await sql`select * from promo_text_variations order by id`,
  ]
}

describe('an import', () => {
  const siteUrl = 'https://news.example'
  const linksTo = (to: Record<string, string>) => ({
    links: Object.entries(to).map(([slug, destination_url]) => ({ slug, destination_url })),
  })
  const advice = 'make one of them lead to the merchant'

  test('refuses links that lead back to themselves, together with those of the database', async () => {
    const itself = linksTo({ a: 'https://news.example/A/?x=1#y', b: 'https://merchant.example/a' })
    expect(await importing(itself, { siteUrl })).toEqual([
      `links[0].destination_url: leads back to itself: /a → /a; ${advice}`,
    ])
    const [one, two] = [linksTo({ a: 'http://news.example/b' }), linksTo({ b: 'https://news.example/a' })]
    expect(await importing(one, { siteUrl })).toBe('added 1 link')
    expect(await importing(two, { siteUrl, dryRun: true })).toEqual([
      `links[0].destination_url: leads back to itself: /b → /a → /b; ${advice}`,
    ])
    expect(
      await importing(
        { links: [...two.links, ...linksTo({ c: 'https://news.example/b' }).links] },
        { siteUrl },
      ),
    ).toEqual([`links[0].destination_url: leads back to itself: /b → /a → /b; ${advice}`])
    const inactive = two.links.map((link) => ({ ...link, active: false }))
    expect(await importing({ links: inactive }, { siteUrl })).toBe('added 1 link')
    expect(await importing({ links: [...one.links, ...inactive] }, { siteUrl })).toBe('2 links unchanged')
    expect(
      await importing(linksTo({ c: 'https://news.example/a', d: 'https://news.example/about' }), { siteUrl }),
    ).toBe('added 2 links')
    expect(await importing(linksTo({ a: 'https://merchant.example/' }), { siteUrl })).toBe('changed 1 link')
    const active = two.links.map((link) => ({ ...link, active: true }))
    expect(await importing({ links: active }, { siteUrl })).toBe('changed 1 link')
  })

  test('names what only the database shows together with what the file shows', async () => {
    const { sql } = tested
    await insertPromos(sql)
    await sql`insert into promo_offers (name, link_slug) values ('Twice', 'nocodemba'), ('Twice', 'quietdesk')`
    await sql`
      insert into affiliate_links (slug, destination_url, active)
      values ('asleep', 'https://news.example/asleep', false), ('awake', 'https://news.example/asleep', true)
    `
    const file = {
      links: [
        { slug: 'a', destination_url: 'https://news.example/a', utm: { a: 'b' } },
        { slug: 'asleep', destination_url: 'https://news.example/awake', pass_parameters: 1 },
        { slug: 'asleep\0', destination_url: 'https://news.example/asleep' },
        { slug: 'b', destination_url: 7 },
        'c',
      ],
      offers: [
        { name: 'Twice', link_slug: 'nowhere', weight: -1 },
        { name: 7, link_slug: 'a', variations: [{ text_content: '\0' }, {}] },
        { name: 'Twice\0', link_slug: 'a' },
      ],
    }
    const slugFault = 'must be 1 to 100 letters, digits, "-" or "_", and begin with a letter or digit'
    const own = [
      'links[0].utm.a: must be a name such as utm_source or mtm_campaign',
      'links[1].pass_parameters: must be true or false',
      `links[2].slug: ${slugFault}`,
      'links[3].destination_url: must be a string',
      'links[4]: must be a JSON object',
      'offers[0].weight: must be a whole number from 0 to 2147483647',
      'offers[1].name: must be a string',
      'offers[1].variations[0].text_content: must not contain NUL or broken characters',
      'offers[1].variations[1].text_content: is missing',
      'offers[2].name: must not contain NUL or broken characters',
    ]
    expect(await importing(file, { siteUrl })).toEqual([
      ...own,
      'offers[0].link_slug: there is no link /nowhere, neither in the file nor in the database',
      expect.stringMatching(
        /^offers\[0\]\.name: is in the database 2 times \(ids \d+, \d+\); keep or rename/,
      ),
      `links[0].destination_url: leads back to itself: /a → /a; ${advice}`,
    ])
    const [, asleep] = file.links
    expect(
      await importing({ links: [{ ...Object(asleep), active: true }] }, { siteUrl, dryRun: true }),
    ).toEqual([
      'links[0].pass_parameters: must be true or false',
      `links[0].destination_url: leads back to itself: /asleep → /awake → /asleep; ${advice}`,
    ])
  })

  test('imports the sample file, and a second time changes nothing', async () => {
    expect(await importing(sample)).toBe('added 7 links, added 6 offers, added 20 variations')
    const before = await everything()
    expect(await importing(sample)).toBe('7 links unchanged, 6 offers unchanged, 20 variations unchanged')
    expect(await everything()).toEqual(before)
    const [link] = await tested.sql`select * from affiliate_links where slug = 'quietdesk'`
    expect(link).toMatchObject({
      destination_url: 'https://example.org/quietdesk/start',
      active: true,
      utm: { utm_source: 'dailybrief', utm_medium: 'affiliate' },
      pass_parameters: true,
    })
    const [paused] = await tested.sql`select * from promo_offers where weight = 0`
    expect(paused).toMatchObject({ offer_type: 'event', link_slug: 'applied-ai-day', active: true })
    const unapproved = await tested.sql`select tone from promo_text_variations where not approved`
    expect(unapproved).toEqual([{ tone: 'exciting' }])
  })

  test('changes differing fields, keeps rows that it does not name, and changes no counters', async () => {
    await insertPromos(tested.sql)
    await recordClicks(tested.sql, [aClick()])
    const file = {
      links: [{ slug: 'NoCodeMBA', destination_url: 'https://merchant.example/new' }],
      offers: [
        {
          name: 'No Code MBA',
          link_slug: 'nocodemba',
          weight: 5,
          variations: [
            { text_content: 'Build your dream startup this weekend', tone: null },
            { text_content: 'Want to build apps without code?' },
            { text_content: 'A new text', approved: true },
          ],
        },
        { name: 'Quiet Desk', link_slug: 'quietdesk' },
      ],
    }
    expect(await importing(file)).toBe(
      'added 1 variation, changed 1 link, changed 1 offer, changed 1 variation, 1 offer unchanged, 1 ' +
        'variation unchanged',
    )
    const [link] = await tested.sql`select * from affiliate_links where slug = 'nocodemba'`
    expect(link).toMatchObject({
      destination_url: 'https://merchant.example/new',
      utm: { utm_source: 'dailybrief' },
    })
    const [offer] = await tested.sql`select * from promo_offers where id = 4`
    expect(offer).toMatchObject({ weight: 5, offer_type: 'affiliate', total_clicks: '1' })
    const [variation] = await tested.sql`select * from promo_text_variations where id = 42`
    expect(variation).toMatchObject({ tone: null, cta_text: 'Build Now →', approved: true, clicks: '1' })
    expect(await tested.sql`select count(*)::integer from promo_text_variations where offer_id = 4`).toEqual([
      { count: 4 },
    ])
    expect(await tested.sql`select count(*)::integer from promo_offers`).toEqual([{ count: 3 }])
    expect(await findDrift(tested.sql)).toEqual([])
  })

  test('that gives an offer another slug keeps the former one, and says where it leads', async () => {
    await insertPromos(tested.sql)
    const offers = [{ name: 'No Code MBA', link_slug: 'quietdesk', variations: [] }]
    const dry = await importCatalogue(database, { links: [], offers }, { dryRun: true })
    const line = /^ {4}newsletters sent with \/nocodemba still count .*https:\/\/merchant\.example\/course/
    expect(dry.ok && describeChanges(dry.value)[1]).toMatch(line)
    expect(await importing({ links: [], offers })).toBe('changed 1 offer')
    const [former] = await tested.sql`select offer_id, slug from promo_former_slugs`
    expect(former).toEqual({ offer_id: 4, slug: 'nocodemba' })
    expect(await recordClicks(tested.sql, [aClick({ offer_id: null, slug: 'nocodemba' })])).toHaveLength(0)
  })

  test('writes nothing in a dry run, and prints the same', async () => {
    await insertPromos(tested.sql)
    const before = await everything()
    const file = {
      links: [{ slug: 'new', destination_url: 'https://new.example/' }],
      offers: [{ name: 'Quiet Desk', link_slug: 'new', variations: [{ text_content: 'x' }] }],
    }
    const said = await importing(file, { dryRun: true })
    expect(said).toBe('added 1 link, added 1 variation, changed 1 offer')
    expect(await everything()).toEqual(before)
    expect(await importing(file)).toBe(said)
    expect(await everything()).not.toEqual(before)
  })

  test('writes nothing if there is any error, and names those of file and database together', async () => {
    await insertPromos(tested.sql)
    const before = await everything()
    const faulty = {
      links: [{ slug: 'fine', destination_url: 'https://fine.example/' }],
      offers: [
        { name: 'Fine', link_slug: 'fine' },
        { name: 'Lost', link_slug: 'Nowhere' },
        { name: 'Desk', link_slug: 'quietdesk', weight: -1 },
        { name: 'Gone', link_slug: 'gone' },
      ],
    }
    expect(await importing(faulty)).toEqual([
      'offers[2].weight: must be a whole number from 0 to 2147483647',
      'offers[1].link_slug: there is no link /nowhere, neither in the file nor in the database',
    ])
    const nowhere = { ...faulty, offers: faulty.offers.filter(({ weight }) => weight === undefined) }
    expect(await importing(nowhere)).toEqual([
      'offers[1].link_slug: there is no link /nowhere, neither in the file nor in the database',
    ])
    expect(await everything()).toEqual(before)
  })

  test('asks which row is meant if adopted tables have a name or a text twice', async () => {
    await insertPromos(tested.sql)
    await tested.sql`insert into promo_offers (id, name) values (71, 'Twin'), (72, 'Twin')`
    await tested.sql`
      insert into promo_text_variations (id, offer_id, text_content) values (81, 5, 'Twin'), (82, 5, 'Twin'),
        (83, 4, 'Twin')
    `
    const offers = [
      { name: 'Twin', link_slug: 'quietdesk', variations: [{ text_content: 'Twin' }] },
      {
        name: 'Quiet Desk',
        link_slug: 'quietdesk',
        variations: [{ text_content: 'Other' }, { text_content: 'Twin' }],
      },
      { name: 'New', link_slug: 'quietdesk', variations: [{ text_content: 'Twin' }] },
    ]
    const twice = (ids: string) => `is in the database 2 times (ids ${ids}); keep or rename one first`
    expect(await importing({ offers })).toEqual([
      `offers[0].name: ${twice('71, 72')}`,
      `offers[1].variations[1].text_content: ${twice('81, 82')}`,
    ])
  })

  test('accepts texts with any characters, unchanged', async () => {
    const text = `'; drop table promo_offers; -- \\ $1 {x} \u2028 😀 ${'"'}`
    const file = {
      links: [{ slug: 'x', destination_url: 'https://x.example/', utm: { utm_source: text } }],
      offers: [{ name: text, link_slug: 'x', variations: [{ text_content: text, cta_text: text }] }],
    }
    expect(await importing(file)).toBe('added 1 link, added 1 offer, added 1 variation')
    expect(await importing(file)).toBe('1 link unchanged, 1 offer unchanged, 1 variation unchanged')
  })

  test('twice at the same time adds everything once', async () => {
    const both = await Promise.all([importing(sample), importing(sample)])
    expect(both.sort()).toEqual([
      '7 links unchanged, 6 offers unchanged, 20 variations unchanged',
      'added 7 links, added 6 offers, added 20 variations',
    ])
  })

  test('fits every limit of the columns', async () => {
    const long = (length: number) => '😀'.repeat(length)
    const file = {
      links: [
        {
          slug: 'x'.repeat(100),
          destination_url: `https://x.example/${'x'.repeat(2030)}`,
          utm: { utm_source: long(500) },
        },
      ],
      offers: [
        {
          name: long(255),
          offer_type: long(50),
          link_slug: 'x'.repeat(100),
          weight: 2_147_483_647,
          variations: [
            { text_content: long(20_000), cta_text: long(255), tone: long(50), length_category: 'medium' },
          ],
        },
      ],
    }
    expect(await importing(file)).toBe('added 1 link, added 1 offer, added 1 variation')
  })

  test('tries again if another writer interferes, and gives up in the end', async () => {
    const inTheWay = (times: number): Database & { asked: number } => {
      const between = {
        ...database,
        asked: 0,
        run: async <Rows>(...call: Parameters<typeof database.run<Rows>>) => {
          between.asked += 1
          if (between.asked > times) return await database.run(...call)
          return fail({ code: 'conflict' as const, message: 'deadlock detected (40P01)' })
        },
      }
      return between
    }
    expect((await importCatalogue(inTheWay(2), sample)).ok).toBe(true)
    const blocked = inTheWay(100)
    expect(await importCatalogue(blocked, sample)).toMatchObject({ ok: false, fault: { code: 'conflict' } })
    expect(blocked.asked).toBe(5)
  })

  test('without a database still reports errors in the file', async () => {
    await database.close()
    expect(await importing(sample)).toBe('unavailable')
    expect(await importing({ links: [{}] })).toEqual([
      'links[0].slug: is missing',
      'links[0].destination_url: is missing',
    ])
  })
})
