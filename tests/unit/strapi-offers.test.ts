import { describe, expect, onTestFinished, test } from 'vitest'
import { readOffers } from '../../src/lib/catalogue/read-offers.ts'
import { offerFields, parseFields } from '../../src/lib/settings/strapi-fields.ts'
import { openStrapi } from '../../src/lib/strapi/client.ts'
import {
  collection,
  type FakeEntry,
  type FakeStrapi,
  sendJson,
  startFakeStrapi,
} from '../support/fake-strapi.ts'

const short = 'name:title,link_slug:slug,variations:texts,text_content:body'

async function read(answer: FakeStrapi['answer'], mapping = short) {
  const fake = await startFakeStrapi(answer)
  const elapsed = () => 0
  const strapi = openStrapi({ url: fake.url, token: undefined, type: 'promo-offers', elapsed })
  onTestFinished(() => strapi.stop())
  const fields = parseFields(offerFields, mapping)
  if (!fields.ok) throw new Error(fields.fault)
  return { offers: await readOffers(strapi, fields.value, elapsed), fake }
}

const text = (id: number, body: unknown, more: Record<string, unknown> = {}): FakeEntry => ({
  ...{ id, documentId: `t${id}`, body },
  ...more,
})
const offer = (id: number, texts: unknown, more: Record<string, unknown> = {}): FakeEntry => ({
  ...{ id, documentId: `o${id}`, title: `Offer ${id}`, slug: `s${id}`, texts },
  ...more,
})
const long = (index: number) => offer(index, [text(index, `Text ${index}`)])

describe('offers of Strapi as an import file', () => {
  test('are the same flat and with attributes, over all pages, except for their ids', async () => {
    const entries = Array.from({ length: 60 }, (_, index) => long(index + 1))
    const flat = await read(collection(() => entries))
    const old = await read(collection(() => entries, { v4: true }))
    const given = ({ offers }: typeof flat) => {
      if (!offers.ok) throw new Error(offers.fault.message)
      return offers.value.map(({ given: { document_id, ...words }, texts }) => [
        words,
        texts.map(({ given: { document_id: _, ...textWords } }) => textWords),
      ])
    }
    expect(given(flat)).toHaveLength(60)
    expect(given(flat)).toEqual(given(old))
    expect(flat.fake.requests).toHaveLength(3)
    expect(flat.fake.requests[0]?.path).toContain('status=published')
    expect(flat.offers).toMatchObject({
      value: [
        {
          documentId: 'o1',
          told: 'Offer 1 (entry o1)',
          given: { name: 'Offer 1', link_slug: 's1', active: true, document_id: 'o1' },
          texts: [{ documentId: 't1', given: { text_content: 'Text 1', approved: true, document_id: 't1' } }],
        },
        ...Array(59).fill({}),
      ],
    })
    expect(old.offers).toMatchObject({
      value: [{ documentId: '1', texts: [{ documentId: '1' }] }, ...Array(59).fill({})],
    })
  })

  test('have every field; an empty one is left out, or empty here as well', async () => {
    const words =
      `${short},offer_type:kind,weight:weight,active:on,cta_text:cta,tone:tone,` +
      'length_category:length,approved:ok'
    const full = offer(1, [text(1, 'A', { cta: 'Go', tone: 'dry', length: 'short', ok: true })], {
      ...{ kind: 'product', weight: 3, on: false },
    })
    const bare = offer(2, [text(2, 'B', { cta: '', tone: null, length: null, ok: null })], {
      ...{ kind: '', weight: null, on: null },
    })
    const { offers } = await read(
      collection(() => [full, bare]),
      words,
    )
    if (!offers.ok) throw new Error(offers.fault.message)
    expect(offers.value.map(({ given, texts }) => [given, texts[0]?.given])).toEqual([
      [
        {
          name: 'Offer 1',
          link_slug: 's1',
          offer_type: 'product',
          weight: 3,
          active: false,
          document_id: 'o1',
        },
        {
          ...{ text_content: 'A', cta_text: 'Go', tone: 'dry', length_category: 'short' },
          ...{ approved: true, document_id: 't1' },
        },
      ],
      [
        { name: 'Offer 2', link_slug: 's2', active: true, document_id: 'o2' },
        {
          ...{ text_content: 'B', cta_text: null, tone: null, length_category: null },
          ...{ approved: false, document_id: 't2' },
        },
      ],
    ])
  })

  test('have components as texts, which are identified by their content, in both formats', async () => {
    const component = (id: number) => ({ id, body: 'Same' })
    for (const v4 of [false, true]) {
      const ids = []
      for (const id of [4, 9]) {
        const { offers } = await read(
          collection(() => [offer(1, [component(id), { id: 20, body: 'Other' }])], { v4 }),
        )
        if (!offers.ok) throw new Error(offers.fault.message)
        const [one, other] = offers.value[0]?.texts ?? []
        expect(one?.documentId).not.toBe(other?.documentId)
        expect(one?.told).toMatch(/^a text of Offer 1/)
        ids.push(one?.documentId)
      }
      expect(ids[0]).toMatch(/^text-[0-9a-f]{32}$/)
      expect(ids[1]).toBe(ids[0])
    }
  })

  test('leave out drafts among the texts; an offer that was published meanwhile occurs once', async () => {
    const { offers } = await read((_, response) =>
      sendJson(response, 200, {
        data: [
          offer(1, [
            { ...text(1, 'A'), publishedAt: '2026-01-01' },
            { ...text(2, 'B'), publishedAt: null },
          ]),
          { ...offer(2, []), documentId: 'o1', title: 'Anew' },
          { ...offer(3, []), title: null },
        ],
        meta: { pagination: { total: 3 } },
      }),
    )
    expect(offers).toMatchObject({
      value: [{ told: 'Anew (entry o1)', texts: [] }, { told: '(without a name) (entry o3)' }],
    })
  })

  test.for<[string, FakeEntry[], string, string]>([
    ['no offer has', [offer(1, [])], `${short},weight:heft`, 'do not take the fields'],
    ['no text has', [offer(1, [text(1, 'A')])], `${short},tone:mood`, 'have no field "mood"'],
    ['is hidden from the token', [], short, ''],
    ['is no list', [offer(1, { a: 1 })], short, 'relation with many texts or a repeatable component'],
  ])('a field that %s is reported with the remedy', async ([, entries, mapping, advice]) => {
    const { offers } = await read(
      collection(() => entries),
      mapping,
    )
    if (entries.length === 0) expect(offers).toEqual({ ok: true, value: [] })
    else if (mapping.includes('heft'))
      expect(offers).toMatchObject({ fault: { advice: expect.stringContaining('heft') } })
    else
      expect(offers).toMatchObject({ fault: { code: 'unsuitable', advice: expect.stringContaining(advice) } })
  })
})
