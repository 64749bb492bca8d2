import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { repairSlug, slugIn } from '../../src/lib/links/damaged-slug.ts'
import { damageSentence } from '../../src/lib/links/link-damage.ts'
import { examineLinks, hasEntity, loopFrom, wayOf } from '../../src/lib/links/link-faults.ts'
import { keyOfRow, readRow } from '../../src/lib/links/rows.ts'
import { linkSchema } from '../../src/lib/model/link.ts'

const site = 'https://news.example'

describe('an "&" that was copied from HTML', () => {
  test.each(['&amp;', '&AMP;', '&#38;', '&#038;', '&#0038;', '&#x26;', '&#X26;', '&#x026;', '&#x0026;'])(
    'is found as %s',
    (entity) => expect(hasEntity(`https://m.example/?a=1${entity}b=2`)).toBe(true),
  )

  test.each(['&', '&amp', '&ampere;', '&#39;', '&#380;', '&#x27;', '&b;', 'amp;'])('is not %s', (text) => {
    expect(hasEntity(`https://m.example/?a=1${text}b=2`)).toBe(false)
  })
})

describe('links that lead back to themselves', () => {
  test('below the base of a site, and only there', () => {
    const based = (path: string) => loopFrom('a', new Map([['a', `${site}${path}`]]), `${site}/news`)
    expect(based('/news/a')).toEqual(['a', 'a'])
    expect(based('/a')).toBeUndefined()
    expect(based('/newsletter/a')).toBeUndefined()
  })

  test('not by the front page, whatever their names', () => {
    expect(loopFrom('undefined', new Map([['undefined', `${site}/`]]), site)).toBeUndefined()
  })

  const loop = (slug: string, ...links: [string, string][]) => loopFrom(slug, new Map(links), site)

  test.each<[string, [string, string][], string[] | undefined]>([
    ['by themselves', [['a', `${site}/a`]], ['a', 'a']],
    ['with a slash at the end', [['a', `${site}/a/`]], ['a', 'a']],
    ['in capitals', [['a', `${site}/A`]], ['a', 'a']],
    ['with a query', [['a', `${site}/a?x=1#y`]], ['a', 'a']],
    ['with two slashes', [['a', `${site}//a`]], ['a', 'a']],
    ['with two slashes at the end', [['a', `${site}/a//`]], ['a', 'a']],
    ['with the end of a sentence behind a slash', [['a', `${site}/a/).`]], ['a', 'a']],
    ['encoded', [['a', `${site}/%61`]], ['a', 'a']],
    ['damaged', [['a', `${site}/a%20`]], ['a', 'a']],
    ['with what follows a sentence', [['a', `${site}/A).`]], ['a', 'a']],
    ['with an encoded query', [['a', `${site}/a%3Fpromo_var=1`]], ['a', 'a']],
    ['not by a longer path', [['a', `${site}/a/b`]], undefined],
    ['not by a file', [['a', `${site}/a.html`]], undefined],
    ['not by the front page', [['a', `${site}/`]], undefined],
    [
      'by another one',
      [
        ['a', `${site}/b`],
        ['b', `${site}/a`],
      ],
      ['a', 'b', 'a'],
    ],
    [
      'by two others',
      [
        ['a', `${site}/b`],
        ['b', `${site}/c`],
        ['c', `${site}/a`],
      ],
      ['a', 'b', 'c', 'a'],
    ],
    [
      'not where they lead into the loop of others',
      [
        ['a', `${site}/b`],
        ['b', `${site}/b`],
      ],
      undefined,
    ],
    ['not on another site', [['a', 'https://m.example/a']], undefined],
    ['not at another port', [['a', `${site}:8443/a`]], undefined],
    ['not where no link is', [['a', `${site}/b`]], undefined],
    ['not below a page', [['a', `${site}/b/a`]], undefined],
    ['not at the front page', [['a', `${site}/`]], undefined],
    ['not where there is no URL', [['a', 'a']], undefined],
    ['not where nothing is known', [], undefined],
  ])('%s', (_, links, way) => expect(loop('a', ...links)).toEqual(way))

  test('are shown as a path', () => expect(wayOf(['a', 'b', 'a'])).toBe('/a → /b → /a'))
})

describe('hints on links', () => {
  const to = (slug: string, destination_url = `https://${slug}.example/`) => ({ slug, destination_url })

  test('are empty if nothing is wrong', () => {
    expect(examineLinks([to('a'), to('b')], site, new Set(['c']))).toEqual({ hints: [], faulty: [] })
  })

  test('name each loop once, and each kind separately', () => {
    const links = [to('b', `${site}/a`), to('a', `${site}/b`), to('c', 'https://m.example/?a&amp;b'), to('d')]
    expect(examineLinks(links, site, new Set(['d'])).hints).toEqual([
      'links lead back to themselves; make one lead to the merchant: /a → /b → /a',
      'destinations have "&amp;" where "&" is meant: /c',
      'pages of the site come before links of the same name; choose other slugs: /d',
    ])
  })

  test('name a loop once, although other links lead into it', () => {
    const links = [to('a', `${site}/b`), to('b', `${site}/c`), to('c', `${site}/b`)]
    expect(examineLinks(links, site, new Set()).hints).toEqual([
      'links lead back to themselves; make one lead to the merchant: /b → /c → /b',
    ])
  })

  test('name each link that is in a circle, leads into one, or has another fault', () => {
    const links = [
      ...[to('b', `${site}/a`), to('a', `${site}/b`), to('into', `${site}/b`), to('self', `${site}/self?x`)],
      ...[to('c', 'https://m.example/?a&amp;b'), to('page'), to('away', `${site}/d`), to('d')],
    ]
    expect(examineLinks(links, site, new Set(['page'])).faulty).toEqual([
      { slug: 'b', reason: 'leads in a circle: /b → /a → /b' },
      { slug: 'a', reason: 'leads in a circle: /a → /b → /a' },
      { slug: 'into', reason: 'leads in a circle: /into → /b → /a → /b' },
      { slug: 'self', reason: 'leads in a circle: /self → /self' },
      { slug: 'c', reason: 'its destination has "&amp;" where "&" is meant' },
      { slug: 'page', reason: 'a page of the site has the same name and comes first' },
    ])
  })

  test.each([
    [9, false],
    [10, false],
    [11, true],
  ])('name at most ten of a kind, of %i', (count, more) => {
    const links = Array.from({ length: count }, (_, index) => to(`x${index}`))
    const { hints, faulty } = examineLinks(links, site, new Set(links.map(({ slug }) => slug)))
    const [hint = '', ...others] = hints
    expect(faulty).toHaveLength(count)
    expect(others).toEqual([])
    const named = links.slice(0, 10).map(({ slug }) => `/${slug}`)
    expect(hint.endsWith(`: ${named.join(', ')}${more ? ', …' : ''}`)).toBe(true)
  })
})

describe('damaged links', () => {
  const told = (clicks: number, damaged: number, unreadable = 0) =>
    damageSentence({ clicks, damaged, unreadable })?.split('; ')[0]

  test.each([
    [19, 19, undefined],
    [20, 20, '20 of 20 clicks (100 %) came through a link that was damaged on its way'],
    [21, 21, '21 of 21 clicks (100 %) came through a link that was damaged on its way'],
    [1_000, 20, '20 of 1,000 clicks (2 %) came through a link that was damaged on its way'],
    [1_001, 20, undefined],
    [999, 20, '20 of 999 clicks (2 %) came through a link that was damaged on its way'],
  ])('of %i clicks, %i: %s', (clicks, damaged, sentence) => expect(told(clicks, damaged)).toBe(sentence))

  test('that named no text are added to the clicks', () => {
    expect(told(90, 15, 10)).toBe('25 of 100 clicks (25 %) came through a link that was damaged on its way')
    expect(damageSentence({ clicks: 90, damaged: 15, unreadable: 10 })).toContain(
      '; 10 of them did not name exactly one text and are not counted. Most likely the software that ' +
        'sends or shows the newsletter',
    )
    expect(damageSentence({ clicks: 90, damaged: 25, unreadable: 0 })).toMatch(
      /; all of them are counted\..* often “&” as “&amp;”: .* keep promo_var directly after the “\?”\.$/,
    )
  })
})

describe('a damaged slug', () => {
  test.each<[string, string, ReturnType<typeof repairSlug>]>([
    ['Desk).', '', { slug: 'desk', query: '' }],
    ['«desk»', 'a=1', { slug: 'desk', query: 'a=1' }],
    ['((desk))', '', { slug: 'desk', query: '' }],
    ['desk%3Fpromo_var%3D1', '', { slug: 'desk', query: 'promo_var=1' }],
    ['desk?promo_var=1&a=2', 'b=3', { slug: 'desk', query: 'promo_var=1&a=2&b=3' }],
    ['desk#promo_var=1', '', { slug: 'desk', query: 'promo_var=1' }],
    ['-desk_-', '', { slug: 'desk_-', query: '' }],
    [').', '', undefined],
    ['de)sk', '', undefined],
    ['', '', undefined],
    [`a${')'.repeat(198)}`, '', { slug: 'a', query: '' }],
    [`a${')'.repeat(199)}`, '', { slug: 'a', query: '' }],
    [`a${')'.repeat(200)}`, '', undefined],
    [`${'a'.repeat(100)})`, '', { slug: 'a'.repeat(100), query: '' }],
    [`${'a'.repeat(101)})`, '', undefined],
  ])('%s with the query "%s"', (slug, query, repaired) => expect(repairSlug(slug, query)).toEqual(repaired))
})

describe('the slug in a path', () => {
  test.each([
    ['/desk', 'desk'],
    ['/Desk', 'Desk'],
    ['/de%73k', 'desk'],
    ['/de sk', 'de sk'],
    ['/desk/', 'desk'],
    ['/desk//', 'desk'],
    ['/desk///', 'desk'],
    ['//desk', 'desk'],
    ['///desk//', 'desk'],
    ['/desk%2F', 'desk'],
    ['/desk).', 'desk).'],
    ['/desk)/', 'desk)'],
    ['/desk/)', 'desk)'],
    ['/desk//).', 'desk).'],
    ['/desk/)/', 'desk)'],
    ['/desk/)/.', 'desk)/.'],
    ['/desk/%C2%A0', 'desk\u00a0'],
    ['/desk/%A0', 'desk\ufffd'],
    ['/%zz', '%zz'],
    ['/desk%3Fpromo_var=1', 'desk?promo_var=1'],
    ['/desk%3Fpromo_var=1/', 'desk?promo_var=1'],
    ['/desk/%3Fpromo_var=1', 'desk?promo_var=1'],
    ['/desk/&promo_var=1', 'desk&promo_var=1'],
    ['/desk%3Fpromo_var=1&back=/a/b', 'desk?promo_var=1&back=/a/b'],
    ['/desk/more', undefined],
    ['/desk/1', undefined],
    ['/desk/é', undefined],
    ['/desk/%E4%BD%A0', undefined],
    ['/desk%2Fmore', undefined],
    ['/desk/).more', undefined],
    ['/desk/)more%3Fpromo_var=1', undefined],
    ['/more/desk', undefined],
    ['/../desk', undefined],
    ['/', undefined],
    ['//', undefined],
    ['/&promo_var=1', undefined],
    ['', undefined],
    ['*', undefined],
    ['desk', undefined],
    ['more/desk', undefined],
  ])('%s: %s', (path, slug) => expect(slugIn(path)).toBe(slug))

  test('is found quickly in a path of any length', () => {
    const before = process.threadCpuUsage()
    for (const unit of ['/', '/a', '%2F', '/)', ')', '%C2%A0', '&', '/&'])
      for (const [head, tail] of [
        ['', ''],
        ['/a', ''],
        ['/a', 'a'],
        ['/a)', 'a/'],
      ])
        slugIn(`${head}${unit.repeat(16_384 / unit.length)}${tail}`)
    const { user, system } = process.threadCpuUsage(before)
    expect((user + system) / 1_000).toBeLessThan(1_000)
  })
})

describe('a row of links', () => {
  const good = { slug: 'desk', destination_url: 'https://m.example/', utm: {}, pass_parameters: false }
  const read = (changes: object) => readRow(linkSchema, (row) => row, { ...good, ...changes })

  test('has texts as parameters, or values with only one meaning', () => {
    const utm = { utm_id: 7, utm_source: 'mail', utm_on: true }
    expect(v.parse(linkSchema, { ...good, utm }).utm).toEqual({
      utm_id: '7',
      utm_source: 'mail',
      utm_on: 'true',
    })
  })

  test.each([
    [{ slug: 7 }, 'slug must be a string'],
    [{ slug: 'De sk' }, 'slug must be lower case letters, digits, "-" or "_"'],
    [{ slug: undefined }, 'slug is missing'],
    [{ destination_url: 7 }, 'destination_url must be a string'],
    [
      { destination_url: 'm.example' },
      'destination_url must be a complete URL that begins with https:// or http://',
    ],
    [{ utm: 7 }, 'utm must be a JSON object of strings'],
    [{ utm: [] }, 'utm must be a JSON object of strings'],
    [{ utm: [7] }, 'utm must be a JSON object of strings'],
    [{ utm: { utm_x: ['a'] } }, 'utm.utm_x must be a string'],
    [{ utm: { utm_x: {} } }, 'utm.utm_x must be a string'],
    [{ pass_parameters: 'yes' }, 'pass_parameters must be true or false'],
  ])('%o is reported as: %s', (changes, reason) => {
    expect(read(changes)).toMatchObject({ ok: false, fault: expect.stringContaining(reason) })
  })

  test('that is no object, or cannot be read, is reported as well', () => {
    expect(readRow(linkSchema, (row) => row, 'desk')).toMatchObject({
      ok: false,
      fault: expect.stringMatching(/^the row /),
    })
    const breaks = () => {
      throw new Error('x'.repeat(301))
    }
    expect(readRow(linkSchema, breaks, good)).toEqual({ ok: false, fault: 'x'.repeat(300) })
  })

  test('is reported with all that is wrong, as far as 300 characters hold it', () => {
    expect(read({ slug: 7, destination_url: undefined })).toEqual({
      ok: false,
      fault: 'slug must be a string, destination_url is missing',
    })
    const names = Array.from({ length: 99 }, (_, index) => `utm_${index}`)
    const all = names.map((name) => `utm.${name} must be a string`).join(', ')
    const utm = Object.fromEntries(names.map((name) => [name, {}]))
    expect(read({ utm })).toEqual({ ok: false, fault: all.slice(0, 300) })
  })

  test.each([
    [{ slug: 'desk' }, 'desk'],
    [{ slug: 7 }, '7'],
    [{ slug: 'x'.repeat(101) }, 'x'.repeat(100)],
    [{ slug: null }, '(without a key)'],
    [{}, '(without a key)'],
    ['desk', '(without a key)'],
    [null, '(without a key)'],
  ])('%o is called %s', (row, key) => expect(keyOfRow(row, 'slug')).toBe(key))
})
