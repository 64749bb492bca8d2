import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { destinationOf, locationFor } from '../../src/lib/links/destination.ts'
import { isWebUrl, type Link, linkSchema } from '../../src/lib/model/link.ts'

const linkTo = (destination_url: string, changes: Partial<Link> = {}): Link => ({
  slug: 'desk',
  destination_url,
  utm: {},
  pass_parameters: true,
  click_id_parameter: null,
  ...changes,
})

const locate = (link: Link, query = '') => locationFor(destinationOf(link), query)

describe('a visitor is sent', () => {
  test.each([
    ['to the destination', linkTo('https://m.example/a?b=c#d'), '', 'https://m.example/a?b=c#d'],
    [
      "with the link's own parameters",
      linkTo('https://m.example/', { utm: { utm_source: 'a b', mtm_kwd: 'ä' } }),
      '',
      'https://m.example/?utm_source=a%20b&mtm_kwd=%C3%A4',
    ],
    [
      'which replace those of the destination',
      linkTo('https://m.example/?utm_source=x&utm_source=y', { utm: { utm_source: 'z' } }),
      '',
      'https://m.example/?utm_source=z',
    ],
    [
      "with the visitor's parameters",
      linkTo('https://m.example/?a=1#top'),
      'utm_source=mail&MTM_campaign=nov',
      'https://m.example/?a=1&utm_source=mail&MTM_campaign=nov#top',
    ],
    [
      'without them where the link does not pass them',
      linkTo('https://m.example/', { pass_parameters: false }),
      'utm_source=mail',
      'https://m.example/',
    ],
    [
      "without the visitor's other parameters",
      linkTo('https://m.example/'),
      'a=1&utm_source=mail&promo_var=42&utm_=x&utm-source=x&xutm_a=1',
      'https://m.example/?utm_source=mail',
    ],
    [
      'without any, where none may pass',
      linkTo('https://m.example/?'),
      'promo_var=42',
      'https://m.example/?',
    ],
    [
      'without any, where none of those that look like it may pass',
      linkTo('https://m.example/?a'),
      'xutm_a=1&utm_=2',
      'https://m.example/?a',
    ],
    [
      'with names of forty characters behind their beginning, and none longer',
      linkTo('https://m.example/'),
      `utm_${'a'.repeat(40)}=1&mtm_${'b'.repeat(41)}=2&utm_c-d=3&UTM_e=4`,
      `https://m.example/?utm_${'a'.repeat(40)}=1&UTM_e=4`,
    ],
    [
      'with the first of two',
      linkTo('https://m.example/'),
      'utm_source=one&utm_source=two',
      'https://m.example/?utm_source=one',
    ],
    [
      "with the link's own where the visitor has one too",
      linkTo('https://m.example/', { utm: { utm_source: 'own' } }),
      'utm_source=mine&utm_term=t',
      'https://m.example/?utm_source=own&utm_term=t',
    ],
    [
      'with a value of 500 characters and none longer',
      linkTo('https://m.example/'),
      `utm_a=${'x'.repeat(500)}&utm_b=${'x'.repeat(501)}`,
      `https://m.example/?utm_a=${'x'.repeat(500)}`,
    ],
    [
      'with 500 characters of any script',
      linkTo('https://m.example/'),
      `utm_a=${'%C3%A4'.repeat(500)}&utm_b=${'%C3%A4'.repeat(501)}`,
      `https://m.example/?utm_a=${'%C3%A4'.repeat(500)}`,
    ],
    [
      'with what was sent as it was sent',
      linkTo('https://m.example/'),
      "utm_a=%26x%3D1%23%0d%0aSet-Cookie:x&mtm%5fb=caf%E9+%zz,(|)'!;/?@",
      "https://m.example/?utm_a=%26x%3D1%23%0d%0aSet-Cookie:x&mtm%5fb=caf%E9+%zz,(|)'!;/?@",
    ],
    [
      'with what a query cannot hold encoded',
      linkTo('https://m.example/#top'),
      'utm_a="<ä \n\ud800>',
      'https://m.example/?utm_a=%22%3C%C3%A4%20%0A%EF%BF%BD%3E#top',
    ],
    [
      'without what follows a "#"',
      linkTo('https://m.example/'),
      'utm_a=1#&utm_b=2',
      'https://m.example/?utm_a=1',
    ],
    [
      'with parameters whose names are encoded',
      linkTo('https://m.example/'),
      'promo_var=42&utm%5Fsource=mail',
      'https://m.example/?utm%5Fsource=mail',
    ],
    [
      'with parameters behind an "&" that was encoded for HTML, once or twice',
      linkTo('https://m.example/'),
      'utm_a=1&amp;utm_b=2&amp;amp;utm_c=3&#38;utm_d=4&%23038;utm_e=5&#x26;utm_f=6&%23x026%3butm_g=7',
      'https://m.example/?utm_a=1&utm_b=2&utm_c=3&utm_d=4&utm_e=5&utm_f=6&utm_g=7',
    ],
    [
      'with parameters behind what such an "&" leaves of itself at the beginning',
      linkTo('https://m.example/'),
      'amp;utm_a=1&utm_b=2',
      'https://m.example/?utm_a=1&utm_b=2',
    ],
    [
      'without parameters whose value is a token that was not filled in',
      linkTo('https://m.example/'),
      'utm_a={contactfield=plan}&utm_b=%7Bleadfield%3Dcity%7D&utm_c={x}',
      'https://m.example/?utm_c={x}',
    ],
    [
      'without a promo_var that a damaged link has inside another parameter',
      linkTo('https://m.example/'),
      'utm_a=what??promo_var=1&utm_b=b%3fPROMO%5fVAR%3d1&utm_c=c%26amp;promo_var=1&utm_d=d%26amp;%20+promo%5C_var=1',
      'https://m.example/?utm_a=what?&utm_b=b&utm_c=c&utm_d=d',
    ],
    [
      'without a name that the destination has in another spelling',
      linkTo('https://m.example/?utm%5Fa=own&mtm+b=1'),
      'utm_a=mine&utm%5fa=mine&utm_A=2&utm%5FA=3',
      'https://m.example/?utm%5Fa=own&mtm+b=1&utm_A=2',
    ],
    [
      'with parameters behind an empty query, and behind one that ends with "&"',
      linkTo('https://m.example?', { utm: { utm_source: 'x' } }),
      'utm_a=1',
      'https://m.example?utm_source=x&utm_a=1',
    ],
    [
      'with no second "&"',
      linkTo('https://m.example/?a&', { utm: { utm_source: 'x' } }),
      'utm_a=1',
      'https://m.example/?a&utm_source=x&utm_a=1',
    ],
    [
      'with no second "&" for those of the visitor',
      linkTo('https://m.example/?a&'),
      'utm_a=1',
      'https://m.example/?a&utm_a=1',
    ],
  ])('%s', (_, link, query, location) => {
    expect(locate(link, query)).toBe(location)
  })

  test('with twenty parameters and no more', () => {
    const query = Array.from({ length: 30 }, (_, index) => `utm_p${index}=1`).join('&')
    const passed = new URL(locate(linkTo('https://m.example/'), query)).searchParams
    expect([...passed.keys()]).toEqual(Array.from({ length: 20 }, (_, index) => `utm_p${index}`))
  })

  test.each([
    'https://m.example/?q=caf%E9',
    'https://m.example/?12345&vip',
    "https://m.example/search?q=a%20b+c&sig=a:/,;'()*~!%2f%2F==",
    'https://m.example/?clickref=!!!id!!!&u={{user}}|[x]',
    'https://m.example/a;v=1/b;c=2,3?x=1;y=2;utm_source=theirs',
    'https://m.example',
    'HTTPS://M.Example:443/a/../%7Eb//c?',
    'https://m.example/?&&a&=&==b&a#',
    'https://m.example/?a=?b?c#/route?utm_source=no#2',
    'https://us%65r:p:w@m.example/"<>^`\'',
  ])('byte for byte to %s', (url) => {
    expect(locate(linkTo(url), 'promo_var=42')).toBe(url)
    const marked = locate(linkTo(url, { utm: { utm_medium: 'a b&c' } }), 'promo_var=42&utm_term=%e9')
    const [body = '', ...tail] = url.split(/(?=#)/)
    const between = body.endsWith('?') ? '' : body.includes('?') ? '&' : '?'
    expect(marked).toBe(`${body}${between}utm_medium=a%20b%26c&utm_term=%e9${tail.join('')}`)
  })

  test.each([
    ['https://m.example/?utm%5Fsource=a&b&utm_source=c&d&utm+source=e', 'b'],
    ['https://m.example/?b&utm_source&d&utm_source=', 'c'],
  ])('with a parameter instead of all others of its name: %s', (url) => {
    const location = locate(linkTo(url, { utm: { utm_source: 'z' } }))
    expect(location).toBe(
      url.startsWith('https://m.example/?b')
        ? 'https://m.example/?b&utm_source=z&d'
        : 'https://m.example/?utm_source=z&b&d&utm+source=e',
    )
  })

  test.each([
    [
      'https://m.example/grün tee?q=ä\u007f "x"#é',
      'https://m.example/gr%C3%BCn%20tee?q=%C3%A4%7F%20"x"#%C3%A9',
    ],
    [' https://m.example/a\n\tb\u0001 ', 'https://m.example/ab'],
    ['https://m.example/\ud83d\ude00\ud800', 'https://m.example/%F0%9F%98%80%EF%BF%BD'],
    ['https://bücher.example:8443/a%zz', 'https://xn--bcher-kva.example:8443/a%zz'],
    ['https://ü:b@bücher.example/', 'https://%C3%BC:b@xn--bcher-kva.example/'],
    ['https:m.example/a b', 'https://m.example/a%20b'],
    ['https:m.example/https://else.example/', 'https://m.example/https://else.example/'],
    ['  https://m.example/a/../b ', 'https://m.example/a/../b'],
    ['https://m.example\\@evil.example/?a\\b', 'https://m.example/@evil.example/?a\\b'],
    ['https://m.example/?a\\b', 'https://m.example/?a\\b'],
  ])('from "%s" to %s, since a header can hold no more', (url, location) => {
    expect(locate(linkTo(url))).toBe(location)
    expect(new URL(location).href).toBe(new URL(url).href)
  })

  const parameter = fc.oneof(
    fc.tuple(
      fc.constantFrom('utm_source', 'mtm_x', 'promo_var', 'UTM_A', 'redirect'),
      fc.string({ unit: 'binary' }),
    ),
    fc.tuple(fc.string(), fc.string()),
  )
  const anyQuery = fc.oneof(
    fc.string({ unit: 'binary' }).map((text) => `utm_a=${text}`),
    fc
      .array(parameter)
      .map((pairs) =>
        new URLSearchParams(pairs.map(([a, b]) => [a.toWellFormed(), b.toWellFormed()])).toString(),
      ),
  )

  const ascii = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index))
  const often = ['/', '?', '&', '=', ';', '+', '%', '%E9', '%20', '%2F', 'utm_medium', 'utm_a', '!!!id!!!']
  const written = (...units: string[]) =>
    fc.string({ unit: fc.constantFrom(...units, ...often), maxLength: 30 })
  const rest = (...units: string[]) =>
    fc
      .tuple(
        written(...units).map((path) => path.replaceAll(/[?#\\]/g, '')),
        fc.option(written(...units).map((query) => query.replaceAll('#', ''))),
        fc.option(written(...units)),
      )
      .map(
        ([path, query, tail]) =>
          `/${path}${query === null ? '' : `?${query}`}${tail === null ? '' : `#${tail}`}`,
      )
  const origins = fc.constantFrom('https://m.example', 'http://u:p@M.example:8080', 'HTTPS://[::1]')
  const asciiUrls = fc.tuple(origins, rest(...ascii)).map((parts) => parts.join(''))
  const anyUrls = fc.oneof(
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    asciiUrls,
    fc.tuple(origins, rest(...ascii, ' ', '\n', '\0', 'ä', '😀', '\ud800')).map((parts) => parts.join('')),
    fc.constantFrom('https://m.example/a/../b?x=1#y', 'http://user@m.example:8080//evil.example'),
    fc.constantFrom('https://m.example\\@evil.example', 'https://bücher.example/ä', 'http:m.example?a'),
  )
  const numRuns = 2_000

  test('byte for byte, whatever the URL', () => {
    fc.assert(
      fc.property(asciiUrls, (url) => void expect(locate(linkTo(url))).toBe(url)),
      { numRuns },
    )
    fc.assert(
      fc.property(anyUrls, (url) => {
        const location = locate(linkTo(url))
        expect(new URL(location).href).toBe(new URL(url).href)
        expect(location).toMatch(/^[!-~]+$/)
      }),
      { numRuns },
    )
  })

  const namedLike = (name: string) => (parameter: string) =>
    [...new URLSearchParams(`&${parameter}`).keys()].includes(name)
  const parametersOf = (url: string) =>
    url
      .replace(/#.*/s, '')
      .split(/\?(.*)/s)[1]
      ?.split('&') ?? []

  test('with parameters added, and the rest unchanged byte for byte', () => {
    fc.assert(
      fc.property(asciiUrls, fc.string({ unit: 'grapheme' }), (url, value) => {
        const location = locate(linkTo(url, { utm: { utm_medium: value } }), 'utm_a=v%E9')
        const [own, passed] = [namedLike('utm_medium'), namedLike('utm_a')]
        const given = parametersOf(url)
        const found = parametersOf(location)
        expect(found.filter((one) => !own(one) && !passed(one) && one !== '')).toEqual(
          given.filter((one) => !own(one) && !passed(one) && one !== ''),
        )
        expect(found.filter(own)).toEqual([`utm_medium=${encodeURIComponent(value)}`])
        expect(found.filter(passed)).toEqual(given.some(passed) ? given.filter(passed) : ['utm_a=v%E9'])
        const place = given.findIndex(own)
        if (place !== -1) expect(found.findIndex(own)).toBe(place)
        expect(location.replace(/[?#].*/s, '')).toBe(url.replace(/[?#].*/s, ''))
        expect(location.split(/(#.*)/s)[1]).toBe(url.split(/(#.*)/s)[1])
      }),
      { numRuns },
    )
  })

  test('with the id of a click in one place, and the rest unchanged', () => {
    fc.assert(
      fc.property(anyUrls, (destination) => {
        const [own, plain] = [{ click_id_parameter: 'my_sub' }, locate(linkTo(destination))]
        const found = locationFor(destinationOf(linkTo(destination, own)), '', '0v')
        const rest = found.replace(/[?&]my_sub=0v(?=#|$)/, '')
        expect([plain, plain.replace(/[?&](?=#|$)/, '')]).toContain(rest)
        expect(rest).not.toBe(found)
      }),
      { numRuns },
    )
  })

  test('to the same origin, path and fragment for any query, without promo_var', () => {
    fc.assert(
      fc.property(anyUrls, anyQuery, fc.boolean(), (destination_url, query, pass_parameters) => {
        const given = new URL(destination_url)
        const location = locate(
          linkTo(destination_url, { pass_parameters, utm: { utm_medium: 'email' } }),
          query,
        )
        const found = new URL(location)
        expect([found.protocol, found.username, found.host, found.pathname, found.hash]).toEqual([
          given.protocol,
          given.username,
          given.host,
          given.pathname,
          given.hash,
        ])
        expect(found.searchParams.getAll('promo_var')).toEqual(given.searchParams.getAll('promo_var'))
        expect(found.searchParams.getAll('utm_medium')).toEqual(['email'])
        // A header may contain nothing else.
        expect(location).toMatch(/^[\x21-\x7e]+$/)
      }),
    )
  })
})

test('to the same place for the same query, whatever came before', () => {
  const link = linkTo('https://m.example/?a=1#top', { click_id_parameter: 'sub' })
  const words = fc.constantFrom(
    'utm_a=1',
    'utm_a=2',
    'UTM_A=1',
    'utm_b={x=y}',
    'mtm_c=%e9',
    'a=b',
    'promo_var=4',
  )
  const query = fc.oneof(
    fc.array(words, { maxLength: 3 }).map((parts) => parts.join('&')),
    fc.constantFrom(180, 181, 200, 600).map((length) => `utm_long=${'x'.repeat(length)}`),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(query, fc.option(fc.constant('0v'))), { maxLength: 60 }), (visits) => {
      const destination = destinationOf(link)
      for (const [text, id] of visits) {
        const alone = locationFor(destinationOf(link), text, id ?? undefined)
        expect(locationFor(destination, text, id ?? undefined)).toBe(alone)
      }
    }),
  )
})

describe('the id of a click', () => {
  const id = '0f1md2d6v5r7ib9a7a3o1eq3ks'
  test.each([
    ['is the last parameter', 'https://m.example/a?b=c#d', {}, '', `https://m.example/a?b=c&subid=${id}#d`],
    ['may be the only one', 'https://m.example/a', {}, '', `https://m.example/a?subid=${id}`],
    ['stands behind "&" once', 'https://m.example/a?b&', {}, '', `https://m.example/a?b&subid=${id}`],
    [
      'takes the place of what is there under its name, and leaves the rest as it is',
      'https://m.example/?a=%2f&subid=&b=caf%E9&%73ubid=x&&c#subid=y',
      {},
      '',
      `https://m.example/?a=%2f&subid=${id}&b=caf%E9&&c#subid=y`,
    ],
    [
      "stands beside the link's and the visitor's parameters",
      'https://m.example/?subid=1&a=1',
      { utm: { utm_source: 'x' } },
      'utm_medium=mail',
      `https://m.example/?subid=${id}&a=1&utm_source=x&utm_medium=mail`,
    ],
    [
      "stands before the visitor's parameters",
      'https://m.example/#top',
      {},
      'utm_medium=mail&promo_var=42',
      `https://m.example/?subid=${id}&utm_medium=mail#top`,
    ],
    [
      'ends in "&" where the destination does',
      'https://m.example/?subid=1&',
      {},
      'utm_medium=mail',
      `https://m.example/?subid=${id}&utm_medium=mail`,
    ],
  ])('%s', (_, destination, changes, query, expected) => {
    const link = linkTo(destination, { ...changes, click_id_parameter: 'subid' })
    expect(locationFor(destinationOf(link), query, id)).toBe(expected)
  })

  test('is missing without a click, or if the link has no parameter for it', () => {
    const given = 'https://m.example/?a=%2f&subid=&b'
    expect(locate(linkTo(given, { click_id_parameter: 'subid' }))).toBe(given)
    expect(locationFor(destinationOf(linkTo(given)), '', id)).toBe(given)
  })
})

describe('a link', () => {
  test.each([
    ['https://m.example/', true],
    ['HTTP://m.example', true],
    ['javascript:alert(1)', false],
    ['data:text/html,x', false],
    ['//m.example', false],
    ['', false],
  ])('may lead to "%s": %s', (url, may) => {
    expect(isWebUrl(url)).toBe(may)
    expect(v.is(linkSchema, linkTo(url))).toBe(may)
  })

  test.each([
    ['a', true],
    ['2-b_c', true],
    [`a${'b'.repeat(99)}`, true],
    [`a${'b'.repeat(100)}`, false],
    ['A', false],
    ['-a', false],
    ['a.b', false],
    ['', false],
  ])('may be called "%s": %s', (slug, may) =>
    expect(v.is(linkSchema, linkTo('https://m.example/', { slug }))).toBe(may),
  )
})
