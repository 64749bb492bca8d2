import { describe, expect, onTestFinished, test } from 'vitest'
import { createStrapiSource } from '../../src/lib/links/strapi-source.ts'
import { linkFields, parseFields } from '../../src/lib/settings/strapi-fields.ts'
import { openStrapi } from '../../src/lib/strapi/client.ts'
import {
  collection,
  type FakeEntry,
  type FakeStrapi,
  sendJson,
  someLinks,
  startFakeStrapi,
} from '../support/fake-strapi.ts'

async function begin(answer: FakeStrapi['answer'], mapping = linkFields.preset) {
  const fake = await startFakeStrapi(answer)
  const clock = { time: 0, step: 0 }
  const elapsed = () => {
    clock.time += clock.step
    return clock.time
  }
  const strapi = openStrapi({ url: fake.url, token: undefined, type: 'affiliate-links', elapsed })
  onTestFinished(() => strapi.stop())
  const fields = parseFields(linkFields, mapping)
  if (!fields.ok) throw new Error(fields.fault)
  return { fake, clock, source: createStrapiSource({ strapi, fields: fields.value, elapsed }) }
}

const link = (id: number, more: Record<string, unknown> = {}): FakeEntry => ({
  id,
  documentId: `d${id}`,
  slug: `s${id}`,
  destination_url: 'https://m.example/',
  active: true,
  ...more,
})
const slugsOf = async ({ source }: Awaited<ReturnType<typeof begin>>) => {
  const listed = await source.list()
  if (!listed.ok) throw new Error(listed.fault.message)
  return listed.value.rows.map((row) => (typeof row === 'object' && row && 'slug' in row ? row.slug : ''))
}

describe('all pages are read, whatever happens meanwhile:', () => {
  test.for([0, 1, 100, 101, 130, 250])('%i links, flat and with attributes', async (count) => {
    for (const v4 of [false, true]) {
      const parts = await begin(collection(() => someLinks(count), { v4 }))
      expect((await slugsOf(parts)).sort()).toEqual(
        someLinks(count)
          .map(({ slug }) => slug)
          .sort(),
      )
      expect(parts.fake.requests).toHaveLength(Math.max(1, Math.ceil(count / 100)))
    }
  })

  test('from a server that returns fewer a page than requested', async () => {
    const parts = await begin((request, response) => {
      request.url = request.url?.replace(/pageSize%5D=100|pageSize]=100/, 'pageSize]=30')
      collection(() => someLinks(100))(request, response)
    })
    expect(await slugsOf(parts)).toHaveLength(100)
    expect(parts.fake.requests).toHaveLength(4)
  })

  test('if entries of the first page disappear before the second is read', async () => {
    let entries = someLinks(250)
    const parts = await begin((request, response) => {
      collection(() => entries)(request, response)
      entries = entries.slice(40)
    })
    const kept = new Set(await slugsOf(parts))
    for (const { slug } of someLinks(250).slice(80)) expect(kept).toContain(slug)
  })

  test('with an entry once that is published again meanwhile', async () => {
    let entries = someLinks(150)
    const parts = await begin((request, response) => {
      collection(() => entries)(request, response)
      entries = entries.map((entry) =>
        entry.id === 2 ? { ...entry, id: 9_000, destination_url: 'https://new.example/' } : entry,
      )
    })
    const listed = await parts.source.list()
    expect(listed).toMatchObject({ ok: true, value: { leftOut: [] } })
    const same = listed.ok ? listed.value.rows.filter((row) => JSON.stringify(row).includes('"link-1"')) : []
    expect(same).toMatchObject([{ destination_url: 'https://new.example/' }])
  })

  test('without sending unchanged ones again', async () => {
    const parts = await begin(collection(() => someLinks(130), { etags: true }))
    expect(await slugsOf(parts)).toHaveLength(130)
    expect(await slugsOf(parts)).toHaveLength(130)
    expect(parts.fake.requests.map(({ headers }) => headers['if-none-match'] !== undefined)).toEqual([
      ...[false, false],
      ...[true, true],
    ])
  })
})

describe('an answer that is no list of entries is a fault:', () => {
  const page = (data: unknown, total = 5) => ({ data, meta: { pagination: { total } } })
  test.for<[string, unknown, string]>([
    ['a list', [], 'form of Strapi'],
    ['no page', { data: [] }, 'form of Strapi'],
    ['an entry without an id', page([{ slug: 'a' }]), 'form of Strapi'],
    ['the same page again and again', page([link(3), link(4)]), 'a page twice'],
    ['no order', page([link(4), link(3)]), 'a page twice'],
    ['nothing of many', page([]), 'a page twice'],
  ])('%s', async ([, body, message]) => {
    const { source } = await begin((_, response) => sendJson(response, 200, body))
    expect(await source.list()).toMatchObject({
      ok: false,
      fault: { message: expect.stringContaining(message) },
    })
    expect(source.fault).toBeDefined()
  })

  test('pages without end, and pages that take too long', async () => {
    const endless: FakeStrapi['answer'] = (request, response) => {
      const after = Number(/gt%5D=(\d+)|gt]=(\d+)/.exec(decodeURIComponent(request.url ?? ''))?.[2])
      sendJson(
        response,
        200,
        page(
          Array.from({ length: 5_000 }, (_, index) => ({ id: after + index + 1 })),
          1e9,
        ),
      )
    }
    const many = await begin(endless)
    expect(await many.source.list()).toMatchObject({ fault: { message: 'has more than 100000 entries' } })
    const slow = await begin(endless)
    slow.clock.step = 11_000
    expect(await slow.source.list()).toMatchObject({
      fault: { code: 'failing', message: expect.stringContaining('60 s') },
    })
  })
})

describe('fields:', () => {
  test('only those of the mapping are requested', async () => {
    const { fake, source } = await begin(
      collection(() => [
        {
          ...{ ...link(1), target: 'https://t.example/', campaign: 'may' },
          ...{ params: { utm_id: 7 }, pass: true, network: 'subid' },
        },
      ]),
      'slug:slug,destination:target,utm:params,utm_campaign:campaign,pass_parameters:pass,click_id_parameter:network',
    )
    expect(await source.list()).toMatchObject({
      value: {
        rows: [
          {
            slug: 's1',
            destination_url: 'https://t.example/',
            utm: { utm_id: 7, utm_campaign: 'may' },
            pass_parameters: true,
            click_id_parameter: 'subid',
          },
        ],
      },
    })
    expect(fake.requests[0]?.path).toContain(
      'fields[0]=slug&fields[1]=target&fields[2]=params&fields[3]=campaign&fields[4]=pass&fields[5]=network&',
    )
  })

  test('one that no entry has is reported, whether Strapi 5 refuses it or leaves it out', async () => {
    const entries = () => [{ id: 1, slug: 'a', active: true, target: 'https://t.example/' }]
    const five = await begin(collection(entries))
    expect(await five.source.list()).toMatchObject({
      fault: { code: 'unsuitable', advice: expect.stringContaining('Invalid key destination_url') },
    })
    const four = await begin(collection(entries, { v4: true }))
    expect(await four.source.list()).toMatchObject({
      fault: {
        code: 'unsuitable',
        message: 'its entries have no field "destination_url"',
        advice: expect.stringContaining('no field "destination_url"'),
      },
    })
    expect(four.source.fault?.advice).toContain('PROMO_STRAPI_FIELDS')
  })

  test('empty ones are as in a new link; inactive links and drafts are left out', async () => {
    const data = [
      link(1, { slug: 'One', active: null, utm: null, source: '', network: '' }),
      link(2, { active: false }),
      link(3, { publishedAt: null }),
      link(4, { utm: { utm_a: 'b' } }),
    ]
    const parts = await begin(
      (_, response) => sendJson(response, 200, { data, meta: { pagination: { total: 4 } } }),
      'slug:slug,destination:destination_url,active:active,utm:utm,utm_source:source,click_id_parameter:network',
    )
    expect(await parts.source.list()).toMatchObject({
      value: {
        empty: false,
        leftOut: [],
        rows: [
          { slug: 'one', utm: {}, pass_parameters: false, click_id_parameter: null },
          { slug: 's4', utm: { utm_a: 'b' } },
        ],
      },
    })
  })

  test.for<[string, unknown, Record<string, unknown>, unknown]>([
    ['none', null, {}, {}],
    ['none in their fields', {}, { source: '', medium: null }, {}],
    ['those of both', { utm_id: 7 }, { source: 'mail', medium: null }, { utm_id: 7, utm_source: 'mail' }],
    ['that of its own field, if both have it', { utm_source: 'x' }, { source: 'y' }, { utm_source: 'y' }],
    ['what is wrong: a text', 'utm_id=7', { source: 'mail' }, 'utm_id=7'],
    ['what is wrong: a list', ['utm_id'], { source: 'mail' }, ['utm_id']],
  ])('a link has of parameters %s', async ([, utm, single, expected]) => {
    const parts = await begin(
      collection(() => [link(1, { utm, medium: '', ...single }), link(2, { source: '' })]),
      'slug:slug,destination:destination_url,utm:utm,utm_source:source,mtm_medium:medium',
    )
    const listed = await parts.source.list()
    expect(listed.ok && listed.value.rows[0]).toStrictEqual({
      ...{ entry: 'd1', told: 's1 (entry d1)', slug: 's1', destination_url: 'https://m.example/' },
      ...{ utm: expected, pass_parameters: false, click_id_parameter: null },
    })
  })

  test('of entries with the same slug, one is taken, in whatever order they come', async () => {
    for (const order of ['xyz', 'zyx']) {
      const entries = [...order].map((documentId, index) => link(index + 1, { documentId, slug: 'a' }))
      const parts = await begin(collection(() => entries))
      expect(await parts.source.list()).toMatchObject({
        value: {
          rows: [{ slug: 'a', entry: 'x' }],
          leftOut: [
            { key: 'a (entry y)', reason: 'slug is also that of the entry x' },
            { key: 'a (entry z)', reason: 'slug is also that of the entry x' },
          ],
        },
      })
    }
  })

  test('an entry that cannot be read is named by its slug and id', async () => {
    const parts = await begin(
      collection(() => [
        link(1),
        link(2, { slug: 'S1' }),
        link(3, { active: 'yes' }),
        link(4, { slug: null, active: 1 }),
        link(5, { slug: 5 }),
        link(6, { slug: null }),
        link(7, { slug: null }),
        link(8, { slug: 'x'.repeat(41) }),
      ]),
    )
    expect(await parts.source.list()).toMatchObject({
      value: {
        rows: [
          { slug: 's1', entry: 'd1' },
          { told: '(without a slug) (entry d5)' },
          { told: '(without a slug) (entry d6)' },
          { told: '(without a slug) (entry d7)' },
          { told: `${'x'.repeat(40)} (entry d8)` },
        ],
        leftOut: [
          { key: 'S1 (entry d2)', reason: 'slug is also that of the entry d1' },
          { key: 's3 (entry d3)', reason: 'active must be true or false' },
          { key: '(without a slug) (entry d4)', reason: 'active must be true or false' },
        ],
      },
    })
  })
})

describe('a single look-up', () => {
  test('finds a published, active link of exactly that slug', async () => {
    const entries = [link(1), link(2, { active: false }), link(3, { slug: 'S3' })]
    const { source } = await begin(collection(() => entries))
    expect(await source.find('s1')).toMatchObject({ ok: true, value: { slug: 's1', entry: 'd1' } })
    for (const slug of ['s2', 's3', 'other'])
      expect(await source.find(slug)).toEqual({ ok: true, value: undefined })
    const deaf = await begin((_, response) =>
      sendJson(response, 200, { data: [link(1)], meta: { pagination: { total: 1 } } }),
    )
    expect(await deaf.source.find('other')).toEqual({ ok: true, value: undefined })
  })

  test('is a fault if Strapi fails, until a request succeeds', async () => {
    const parts = await begin((_, response) => response.writeHead(500).end())
    expect(await parts.source.find('s1')).toMatchObject({ ok: false, fault: { code: 'failing' } })
    expect(parts.source.fault).toMatchObject({ code: 'failing' })
    parts.fake.answer = collection(() => [])
    expect(await parts.source.list()).toMatchObject({ ok: true, value: { empty: true } })
    expect(parts.source.fault).toBeUndefined()
  })

  test('is made ten times a second at the most', async () => {
    const { fake, clock, source } = await begin(collection(() => []))
    for (let count = 0; count < 50; count += 1) await source.find(`made-up-${count}`)
    expect(fake.requests).toHaveLength(10)
    clock.time = 1_000
    await source.find('again')
    expect(fake.requests).toHaveLength(11)
  })
})

describe('the mapping of fields', () => {
  test.for([
    ['slug:slug', 'must say which field is the destination'],
    ['slug:a,destination:b,slug:c', 'must name slug once'],
    [
      'slug:a,destination:b,price:c',
      'must have only slug, destination, active, pass_parameters, click_id_parameter, utm, utm_… or mtm_… before',
    ],
    ['slug:a,destination:b:c', 'must be comma-separated pairs such as slug:field'],
    ['slug', 'must be comma-separated pairs'],
    ['slug:a,destination:b[c', 'must be comma-separated pairs'],
  ] as const)('%s is refused', ([text, fault]) => {
    expect(parseFields(linkFields, text)).toMatchObject({ ok: false, fault: expect.stringContaining(fault) })
  })

  test('may have blanks', () => {
    const read = parseFields(linkFields, ' slug:a , destination:Ziel_URL ')
    expect(read.ok && [...read.value]).toEqual([
      ['slug', 'a'],
      ['destination', 'Ziel_URL'],
    ])
  })
})
