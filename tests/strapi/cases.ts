import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, type RunningSite, runSite } from '../pages/running-site.ts'
import { runLoad } from '../support/load.ts'

/** What an editor has done by then, in this order. */
export const states = [
  'first',
  'published',
  'unpublished',
  'changed',
  'deleted',
  'offers-changed',
  'offers-withdrawn',
  'offers-back',
  'format-4',
  'stopped',
  'started',
  'renamed',
] as const
export type State = (typeof states)[number]

/** A Strapi, real or recorded. */
export type StrapiUnderTest = {
  url: string
  /** Brings it to a state, which is the next one of all; webhooks may still be under way. */
  reach(state: State): Promise<void>
  close(): Promise<void>
}

export const webhookSecret = 'a-secret-of-the-webhook'
export const token = 'a-token-of-the-tests'
const changedPath = '/api/v1/promo/links/changed'

/** The same cases for a real Strapi and for its recorded answers. `open` gets the address for webhooks. */
export function strapiCases(open: (webhook: () => string) => Promise<StrapiUnderTest>): void {
  let strapi: StrapiUnderTest
  let running: RunningSite

  beforeAll(async () => {
    strapi = await open(() => `${running.site.url}${changedPath}`)
    await strapi.reach('first')
    running = await runSite({
      PROMO_LINKS: 'strapi',
      PROMO_STRAPI_URL: strapi.url,
      PROMO_STRAPI_TOKEN: token,
      PROMO_STRAPI_FIELDS: 'slug:slug,destination:destination_url,active:active,utm:utm',
      PROMO_STRAPI_WEBHOOK_SECRET: webhookSecret,
      PROMO_STRAPI_OFFERS_TYPE: 'promo-offers',
      PROMO_STRAPI_OFFERS_FIELDS:
        'name:name,link_slug:link_slug,weight:weight,variations:texts,text_content:text',
    })
  })
  afterAll(async () => {
    await running?.end()
    await strapi?.close()
  })

  const locationOf = async (slug: string) => (await ask(running.site, `/${slug}`)).headers.location
  const health = async () => JSON.parse((await ask(running.site, '/api/v1/promo/health')).body)
  /** Far above what it takes: the fallback without a webhook would need eight seconds. */
  const soon = { interval: 20 }
  const tell = () =>
    ask(running.site, changedPath, { method: 'POST', headers: { authorization: `Bearer ${webhookSecret}` } })

  test('130 links over several pages, without drafts and inactive ones, and the bad one is named', async () => {
    expect(await health()).toMatchObject({
      strapi: { ok: true, links: 130, left_out: [{ entry: expect.stringMatching(/^bad \(entry \w+\)$/) }] },
    })
    expect(await locationOf('link-1')).toBe('https://merchant.example/1?utm_source=strapi')
    expect(await locationOf('LINK-130')).toBe('https://merchant.example/130')
    for (const slug of ['draft', 'inactive', 'bad']) expect(await locationOf(slug)).toBeUndefined()
  })

  test('publishing, unpublishing, a change and a deletion arrive by its own webhook', async () => {
    await strapi.reach('published')
    await expect.poll(() => locationOf('draft'), soon).toBe('https://merchant.example/draft')
    await strapi.reach('unpublished')
    await expect.poll(() => locationOf('draft'), soon).toBeUndefined()
    await strapi.reach('changed')
    await expect.poll(() => locationOf('link-7'), soon).toBe('https://merchant.example/changed')
    await strapi.reach('deleted')
    await expect.poll(() => locationOf('link-9'), soon).toBeUndefined()
    expect((await health()).strapi).toMatchObject({ ok: true, links: 129 })
  })

  const offersNow = async () => [
    ...(await running.database.sql`
      select id, name, link_slug, weight, active from promo_offers where document_id is not null order by id
    `),
  ]
  const textsNow = async () => [
    ...(await running.database.sql`
      select v.id, o.id as offer_id, text_content, approved
      from promo_text_variations v join promo_offers o on o.id = v.offer_id
      where v.document_id is not null order by text_content
    `),
  ]

  test('offers and texts are imported, stay themselves when they are changed, and come and go', async () => {
    await expect.poll(async () => (await textsNow()).length, soon).toBe(3)
    const [desk, lamp] = await offersNow()
    expect([desk, lamp]).toMatchObject([
      { name: 'Desk', link_slug: 'link-1', weight: 2, active: true },
      { name: 'Lamp', link_slug: 'link-2', active: true },
    ])
    const [first, light, second] = await textsNow()
    expect([first, light, second]).toMatchObject([
      { offer_id: desk?.id, text_content: 'A quiet desc', approved: true },
      { offer_id: lamp?.id, text_content: 'Let there be light' },
      { offer_id: desk?.id, text_content: 'Stand up', approved: true },
    ])
    // Health follows the commit.
    await expect
      .poll(async () => (await health()).strapi_offers, soon)
      .toMatchObject({
        ...{ ok: true, offers: 3 },
        left_out: [{ entry: expect.stringMatching(/^Without a link \(entry \w+\)$/) }],
      })

    await strapi.reach('offers-changed')
    const renamed = { ...desk, name: 'The quiet desk' }
    const corrected = { ...first, text_content: 'A quiet desk' }
    await expect.poll(offersNow, soon).toEqual([renamed, lamp])
    await expect.poll(textsNow, soon).toEqual([corrected, light, second])

    await strapi.reach('offers-withdrawn')
    await expect.poll(offersNow, soon).toEqual([renamed, { ...lamp, active: false }])
    await expect.poll(textsNow, soon).toEqual([corrected, light, { ...second, approved: false }])

    await strapi.reach('offers-back')
    await expect.poll(offersNow, soon).toEqual([renamed, lamp])
    await expect.poll(textsNow, soon).toEqual([corrected, light, second])
  })

  test('the format of Strapi 4 says the same', async () => {
    const before = [await offersNow(), await textsNow()]
    await strapi.reach('format-4')
    // A link that is known changes by a whole fetch only.
    await expect.poll(() => locationOf('link-8'), soon).toBe('https://merchant.example/format-4')
    expect((await health()).strapi).toMatchObject({
      ...{ ok: true, links: 129 },
      left_out: [{ entry: expect.stringMatching(/^bad \(entry \w+\)$/) }],
    })
    expect(await locationOf('link-7')).toBe('https://merchant.example/changed')
    expect([await offersNow(), await textsNow()]).toEqual(before)
    expect((await health()).strapi_offers).toMatchObject({ ok: true, offers: 3 })
  })

  test('stopped and started under load: every redirect is answered', async () => {
    const ended = new AbortController()
    const load = runLoad({
      url: running.site.url,
      connections: 4,
      signal: ended.signal,
      request: (n) => `GET /link-${(n % 6) + 1} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
    })
    await strapi.reach('stopped')
    await tell()
    await expect.poll(async () => (await health()).strapi.ok, soon).toBe(false)
    expect(await locationOf('link-1')).toBe('https://merchant.example/1?utm_source=strapi')
    await strapi.reach('started')
    await expect.poll(async () => (await health()).strapi.ok, { interval: 50 }).toBe(true)
    ended.abort()
    const { answered, statuses, failures } = await load
    expect([statuses, failures]).toEqual([{ 307: answered }, 0])
  })

  test('a renamed field is named, and links still work', async () => {
    await strapi.reach('renamed')
    await tell()
    await expect
      .poll(async () => (await health()).hints, { interval: 50 })
      .toContainEqual(expect.stringMatching(/destination_url.*name those of affiliate-links/))
    expect((await health()).strapi).toMatchObject({ ok: false, fault: 'unsuitable', links: 129 })
    expect(await locationOf('link-1')).toBe('https://merchant.example/1?utm_source=strapi')
    expect(running.site.log.join()).not.toContain(token)
    expect(JSON.stringify(await health())).not.toContain(token)
  })
}
