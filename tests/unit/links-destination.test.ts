import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { destinationOf, locationFor } from '../../src/lib/links/destination.ts'
import { isWebUrl, type Link, linkSchema } from '../../src/lib/links/link.ts'

const linkTo = (destination_url: string, changes: Partial<Link> = {}): Link => ({
  slug: 'desk',
  destination_url,
  utm: {},
  pass_parameters: true,
  ...changes,
})

const locate = (link: Link, query = '') => locationFor(destinationOf(link), query)

describe('where a visitor goes', () => {
  test.each([
    ['to the destination', linkTo('https://m.example/a?b=c#d'), '', 'https://m.example/a?b=c#d'],
    [
      "with the link's own parameters",
      linkTo('https://m.example/', { utm: { utm_source: 'a b', mtm_kwd: 'ä' } }),
      '',
      'https://m.example/?utm_source=a+b&mtm_kwd=%C3%A4',
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
      'with an encoded value encoded',
      linkTo('https://m.example/'),
      'utm_a=%26x%3D1%23%0d%0aSet-Cookie:x',
      'https://m.example/?utm_a=%26x%3D1%23%0D%0ASet-Cookie%3Ax',
    ],
  ])('%s', (_, link, query, location) => {
    expect(locate(link, query)).toBe(location)
  })

  test('with twenty parameters and no more', () => {
    const query = Array.from({ length: 30 }, (_, index) => `utm_p${index}=1`).join('&')
    const passed = new URL(locate(linkTo('https://m.example/'), query)).searchParams
    expect([...passed.keys()]).toEqual(Array.from({ length: 20 }, (_, index) => `utm_p${index}`))
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

  test('never elsewhere, whatever the query: same origin, path and fragment, and no promo_var', () => {
    const destinations = fc.oneof(
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
      fc.constantFrom(
        'https://m.example/a/../b?x=1#y',
        'http://user@m.example:8080//evil.example',
        'https://m.example\\@evil.example',
      ),
    )
    fc.assert(
      fc.property(destinations, anyQuery, fc.boolean(), (destination_url, query, pass_parameters) => {
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
        // A header may hold nothing else.
        expect(location).toMatch(/^[\x21-\x7e]+$/)
      }),
    )
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
