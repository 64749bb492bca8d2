import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { checkCatalogue, parseCatalogue } from '../../src/lib/catalogue/check.ts'
import { describeChanges, describeHidden, summarize } from '../../src/lib/catalogue/describe.ts'
import { planImport } from '../../src/lib/catalogue/plan.ts'

const link = { slug: 'desk', destination_url: 'https://desk.example/' }
const variation = { text_content: 'Quiet.' }
const offer = { name: 'Desk', link_slug: 'desk', variations: [variation] }
const nothing = { links: [], offers: [], variations: [] }

/** The faults of a file with this link, this offer, this variation, as `place: message`. */
const faultsOf = (file: unknown) =>
  checkCatalogue(file).faults.map(({ place, message }) => `${place}: ${message}`)
const withLink = (fields: object) => faultsOf({ links: [{ ...link, ...fields }] })
const withOffer = (fields: object) => faultsOf({ links: [link], offers: [{ ...offer, ...fields }] })
const withVariation = (fields: object) => withOffer({ variations: [{ ...variation, ...fields }] })

test('the sample file has no fault', () => {
  const json = parseCatalogue(readFileSync('db/sample.json', 'utf8'))
  expect(json.ok && checkCatalogue(json.value)).toMatchObject({ faults: [], wanted: [] })
})

test.each([
  ['', 'is empty. It must have the form of db/sample.json'],
  [' \n', 'is empty'],
  ['{"links": [', 'is not valid JSON: '],
  ['\uFEFF{"links": []}', undefined],
  [
    '{"links": [{"slug": "a", "slug": "b"}], "offers": [], "offers": [], "a b": 1, "a b": 2}',
    'has these fields more than once: links[0].slug, offers, ["a b"]. Keep one of each',
  ],
])('the content %j %j', (content, message) => {
  const json = parseCatalogue(content)
  expect(json.ok ? undefined : json.fault.message).toEqual(message && expect.stringContaining(message))
})

describe('a fault is named with its place', () => {
  const long = (length: number) => 'x'.repeat(length)
  const slugFault = 'must be 1 to 100 letters, digits, "-" or "_", and begin with a letter or digit'
  const reserved = 'is a path of the site itself; choose another'
  const urlFault = 'must be a URL that begins with https:// or http://'
  const broken = 'must not contain NUL or broken characters'
  const weightFault = 'must be a whole number from 0 to 2147483647'

  test.each<[unknown, string[]]>([
    [[], ['the file: has neither links nor offers']],
    [{}, ['the file: has neither links nor offers']],
    ['text', ['the file: must be a JSON object']],
    [null, ['the file: must be a JSON object']],
    [{ links: {} }, ['links: must be a list']],
    [
      { links: [null], offers: ['x'] },
      ['links[0]: must be a JSON object', 'offers[0]: must be a JSON object'],
    ],
    [{ links: [{}] }, ['links[0].slug: is missing', 'links[0].destination_url: is missing']],
    [
      { links: [link], promos: 1, 'a b': 2 },
      ['promos: is not a known field; remove it', '["a b"]: is not a known field; remove it'],
    ],
    [{ offers: [{}] }, ['offers[0].name: is missing', 'offers[0].link_slug: is missing']],
  ])('%j', (file, faults) => expect(faultsOf(file)).toEqual(faults))

  const entity = 'has "&amp;" where "&" is meant; write "&", or "%26amp;" if you mean exactly that text'
  test.each([
    ['https://m.example/?a=1&amp;b=2', [`links[0].destination_url: ${entity}`]],
    ['https://m.example/?a=1&#38;b=2', [`links[0].destination_url: ${entity}`]],
    ['https://m.example/?a=1&#X026;b=2', [`links[0].destination_url: ${entity}`]],
    ['https://m.example/?a=1&amp=2&b=%26amp;&lt;', []],
  ])('the destination %s', (destination_url, faults) => expect(withLink({ destination_url })).toEqual(faults))

  test.each<[object, string[]]>([
    [{ slug: 'DESK' }, []],
    [{ slug: long(100) }, []],
    [{ slug: long(101) }, [`links[0].slug: ${slugFault}`]],
    [{ slug: '' }, [`links[0].slug: ${slugFault}`]],
    [{ slug: '_astro' }, [`links[0].slug: ${slugFault}`]],
    [{ slug: 'a b' }, [`links[0].slug: ${slugFault}`]],
    [{ slug: 'a\0' }, [`links[0].slug: ${slugFault}`]],
    [{ slug: 7 }, ['links[0].slug: must be a string']],
    ...['api', 'Analytics', 'sign-in', 'sign-out', '404'].map((slug): [object, string[]] => [
      { slug },
      [`links[0].slug: ${reserved}`],
    ]),
    [{ destination_url: 'http://desk.example' }, []],
    [{ destination_url: 'javascript:alert(1)' }, [`links[0].destination_url: ${urlFault}`]],
    [{ destination_url: 'ftp://desk.example' }, [`links[0].destination_url: ${urlFault}`]],
    [{ destination_url: 'https://' }, [`links[0].destination_url: ${urlFault}`]],
    [{ destination_url: 'HTTPS://desk.example' }, [`links[0].destination_url: ${urlFault}`]],
    [
      { destination_url: `https://desk.example/${long(2028)}` },
      ['links[0].destination_url: must have at most 2048 characters'],
    ],
    [{ destination_url: 'https://desk.example/\0' }, [`links[0].destination_url: ${broken}`]],
    [{ utm: { utm_source: 'a', mtm_kind_2: 'b' } }, []],
    [{ utm: { source: 'a' } }, ['links[0].utm.source: must be a name such as utm_source or mtm_campaign']],
    [{ utm: { utm_source: 7 } }, ['links[0].utm.utm_source: must be a string']],
    [{ utm: 'utm_source=a' }, ['links[0].utm: must be a JSON object']],
    [{ utm: [] }, ['links[0].utm: must be a JSON object']],
    [{ utm: ['a'] }, ['links[0].utm: must be a JSON object']],
    [{ active: 'yes' }, ['links[0].active: must be true or false']],
    [
      { click_id_parameter: 'sub id' },
      [
        'links[0].click_id_parameter: must be a name of 1 to 50 letters, digits, "_", "-" or ".", ' +
          'beginning with a letter',
      ],
    ],
    [
      { click_id_parameter: 'Promo_Var' },
      ['links[0].click_id_parameter: must not be promo_var; use the name that the network has for it'],
    ],
    [{ click_id_parameter: null }, []],
    [{ pass_parameters: null }, ['links[0].pass_parameters: must be true or false']],
  ])('link %j', (fields, faults) => expect(withLink(fields)).toEqual(faults))

  test.each<[object, string[]]>([
    [{ name: '😀'.repeat(255) }, []],
    [{ name: long(256) }, ['offers[0].name: must have at most 255 characters']],
    [{ name: ' ' }, ['offers[0].name: must not be empty']],
    [{ name: 'a\0' }, [`offers[0].name: ${broken}`]],
    [{ name: '\uD800' }, [`offers[0].name: ${broken}`]],
    [{ offer_type: long(51) }, ['offers[0].offer_type: must have at most 50 characters']],
    [{ weight: 0 }, []],
    [{ weight: 2_147_483_647 }, []],
    [{ weight: 2_147_483_648 }, [`offers[0].weight: ${weightFault}`]],
    [{ weight: -1 }, [`offers[0].weight: ${weightFault}`]],
    [{ weight: 0.5 }, [`offers[0].weight: ${weightFault}`]],
    [{ weight: '1' }, [`offers[0].weight: ${weightFault}`]],
    [{ active: 1 }, ['offers[0].active: must be true or false']],
    [{ variations: 'x' }, ['offers[0].variations: must be a list']],
  ])('offer %j', (fields, faults) => expect(withOffer(fields)).toEqual(faults))

  test.each<[object, string[]]>([
    [{ text_content: undefined }, ['offers[0].variations[0].text_content: must be a string']],
    [{ text_content: '' }, ['offers[0].variations[0].text_content: must not be empty']],
    [{ cta_text: null, tone: null, length_category: null }, []],
    [{ cta_text: long(256) }, ['offers[0].variations[0].cta_text: must have at most 255 characters']],
    [{ tone: long(51) }, ['offers[0].variations[0].tone: must have at most 50 characters']],
    [{ length_category: 'huge' }, ['offers[0].variations[0].length_category: must be short, medium or long']],
    [{ approved: 'true' }, ['offers[0].variations[0].approved: must be true or false']],
    [{ clicks: 7 }, ['offers[0].variations[0].clicks: is not a known field; remove it']],
  ])('variation %j', (fields, faults) => expect(withVariation(fields)).toEqual(faults))

  test('in a file with many faults, all of them', () => {
    const file = {
      links: [link, { ...link, slug: 'Desk' }, { slug: 'api' }],
      offers: [
        { ...offer, weight: -1 },
        offer,
        { name: 'Other', link_slug: 'other', variations: [{ tone: 'x' }, variation, variation] },
      ],
    }
    expect(faultsOf(file)).toEqual([
      `links[2].slug: ${reserved}`,
      'links[2].destination_url: is missing',
      `offers[0].weight: ${weightFault}`,
      'offers[2].variations[0].text_content: is missing',
      'links[1].slug: is the same as links[0].slug',
      'offers[1].name: is the same as offers[0].name',
      'offers[2].variations[2].text_content: is the same as offers[2].variations[1].text_content',
    ])
    expect(checkCatalogue(file)).toMatchObject({
      catalogue: undefined,
      wanted: [{ place: 'offers[2].link_slug', slug: 'other' }],
    })
  })
})

test('the changes are described row by row, and summed up', () => {
  const checked = checkCatalogue({
    links: [link, { ...link, slug: 'chair' }],
    offers: [
      {
        ...offer,
        weight: 0,
        variations: [variation, { text_content: `Long.\n${'x'.repeat(80)}`, approved: true }],
      },
    ],
  })
  if (!checked.catalogue) throw new Error('the file has faults')
  const plan = planImport(checked.catalogue, {
    ...nothing,
    links: [
      {
        ...{ ...link, active: true, utm: { utm_source: 'a' } },
        ...{ pass_parameters: true, click_id_parameter: null },
      },
    ],
    offers: [
      {
        id: 3,
        name: 'Desk',
        offer_type: 'product',
        link_slug: null,
        weight: 2,
        active: true,
        document_id: null,
      },
    ],
    variations: [
      {
        id: 8,
        offer_id: 3,
        ...variation,
        cta_text: 'Go',
        tone: null,
        length_category: null,
        approved: true,
        document_id: null,
      },
    ],
  })
  expect(describeChanges(plan)).toEqual([
    '+ link /chair',
    '~ offer "Desk": link_slug null → "desk", weight 2 → 0',
    '    its texts have counted under any slug so far; from now on they count only under /desk',
    `+ variation "Long. ${'x'.repeat(53)}…" of "Desk"`,
  ])
  expect(summarize(plan)).toBe(
    'added 1 link, added 1 variation, changed 1 offer, 1 link unchanged, 1 variation unchanged',
  )
})

test('links that pages of the site hide are named, unless nobody asks for them', () => {
  const links = [link, { ...link, slug: 'about' }, { ...link, slug: 'old', active: false }]
  const plan = planImport({ links, offers: [] }, nothing)
  expect(describeHidden(plan, new Set(['about', 'old', 'About', 'team']))).toEqual([
    'warning: a page of the site comes before the link /about; choose another slug',
  ])
})

describe('a change of slug says where links in sent newsletters lead', () => {
  const stored = {
    id: 3,
    name: 'Desk',
    offer_type: 'product',
    link_slug: 'bureau',
    weight: 1,
    active: true,
    document_id: null,
  }
  const former = {
    slug: 'bureau',
    destination_url: 'https://old.example/',
    active: true,
    utm: {},
    pass_parameters: false,
    click_id_parameter: null,
  }
  const change = 'link_slug "bureau" → "desk"'
  const changesOf = (inFile: object[], links: (typeof former)[], link_slug: string | null = 'bureau') => {
    const checked = checkCatalogue({ links: [link, ...inFile], offers: [offer] })
    if (!checked.catalogue) throw new Error('the file has faults')
    const plan = planImport(checked.catalogue, { links, offers: [{ ...stored, link_slug }], variations: [] })
    return describeChanges(plan).filter((line) => line.startsWith('    ') || line.includes(change))
  }
  const goes = 'newsletters sent with /bureau still count for it; /bureau leads to'
  const ends = 'readers of newsletters sent with it get a 404, and nothing is counted; keep the link'

  test.each<[string, object[], (typeof former)[], string]>([
    ['the old link stays', [], [former], `${goes} https://old.example/`],
    [
      'the file leads it elsewhere',
      [{ slug: 'bureau', destination_url: 'https://new.example/' }],
      [former],
      `${goes} https://new.example/`,
    ],
    [
      'the file makes it inactive',
      [{ ...link, slug: 'bureau', active: false }],
      [former],
      `the link /bureau is not active: ${ends}`,
    ],
    ['it is gone', [], [], `the link /bureau does not exist: ${ends}`],
  ])('%s', (_, inFile, links, note) => {
    expect(changesOf(inFile, links)).toEqual([expect.stringContaining(change), `    ${note}`])
  })

  test('and says nothing if the slug stays', () => expect(changesOf([], [], 'desk')).toEqual([]))
})
