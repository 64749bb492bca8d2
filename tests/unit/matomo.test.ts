import { describe, expect, test } from 'vitest'
import { judgeAnswer } from '../../src/lib/matomo/bulk-answer.ts'
import { readClick, trackingRequest } from '../../src/lib/matomo/tracking-request.ts'
import { parseDimensions } from '../../src/lib/settings/matomo-dimensions.ts'

const click = {
  at: 1_763_467_200,
  offer_id: 4,
  offer: 'No Code MBA & more',
  slug: 'nocodemba',
  variation_id: 42,
  text: 'Build your dream',
  send: '2026-11-18-daily',
  newsletter: 'weekly',
}
const site = {
  siteId: 7,
  siteUrl: 'https://news.example',
  destination: 'https://merchant.example/course?ref=a&b=%2f',
  dimensions: new Map(),
}

const read = (query: string) => Object.fromEntries(new URLSearchParams(query))

describe('a click is reported', () => {
  test('as an outlink of the page of its link, with its campaign there, and nothing of who clicked', () => {
    const query = trackingRequest(click, site)
    expect(query.startsWith('?idsite=7&rec=1&')).toBe(true)
    const { url, ...rest } = read(query)
    expect(rest).toEqual({
      ...{ idsite: '7', rec: '1', apiv: '1', new_visit: '1', bots: '1' },
      cdt: '1763467200',
      link: 'https://merchant.example/course?ref=a&b=%2f',
    })
    const page = new URL(`${url}`)
    expect(`${page.origin}${page.pathname}`).toBe('https://news.example/nocodemba')
    expect(Object.fromEntries(page.searchParams)).toEqual({
      promo_var: '42',
      mtm_campaign: '2026-11-18-daily',
      mtm_keyword: 'No Code MBA & more',
      mtm_source: 'weekly',
      mtm_medium: 'email',
      mtm_content: '42 Build your dream',
    })
  })

  test('by our own link if the destination is unknown, and without empty fields', () => {
    const bare = { ...click, slug: null, send: null, newsletter: null, offer: '' }
    const { link, url } = read(trackingRequest(bare, { ...site, destination: undefined }))
    expect(link).toBe('https://news.example/')
    expect(Object.fromEntries(new URL(`${url}`).searchParams)).toMatchObject({
      mtm_campaign: '(no send)',
      mtm_source: 'newsletter',
      mtm_keyword: 'Offer 4',
    })
  })

  test('with custom dimensions if they are set', () => {
    const dimensions = parseDimensions('offer:1, text:2,send:3,newsletter:40')
    if (!dimensions) throw new Error('not read')
    expect(read(trackingRequest(click, { ...site, dimensions }))).toMatchObject({
      dimension1: 'No Code MBA & more',
      dimension2: '42 Build your dream',
      dimension3: '2026-11-18-daily',
      dimension40: 'weekly',
    })
  })

  test('only if it is one', () => {
    expect(readClick(click)).toEqual(click)
    for (const body of [null, {}, { ...click, at: 'now' }, [click], 'x'])
      expect(readClick(body)).toBeUndefined()
  })
})

test.each(['offer', 'offer:', 'offer:0', 'offer:1000', 'colour:1', 'offer:1,offer:2', 'offer:1,text:1', ','])(
  'the dimensions %s are invalid',
  (text) => expect(parseDimensions(text)).toBeUndefined(),
)

describe('an answer to three clicks', () => {
  const answer = (given: object) => judgeAnswer(3, { status: 'success', tracked: 3, invalid: 0, ...given })
  const none = new Set<number>()

  test('says which were refused, if it names them or refuses all', () => {
    expect(answer({})).toEqual({ ok: true, value: { refused: none, unnamed: 0 } })
    expect(answer({ invalid_indices: [] })).toEqual({ ok: true, value: { refused: none, unnamed: 0 } })
    expect(answer({ tracked: 2, invalid: 1, invalid_indices: [1] })).toEqual({
      ok: true,
      value: { refused: new Set([1]), unnamed: 0 },
    })
    expect(answer({ tracked: 0, invalid: 3 })).toEqual({
      ok: true,
      value: { refused: new Set([0, 1, 2]), unnamed: 0 },
    })
  })

  test('that counts more than were sent says that all arrived', () => {
    for (const given of [{ tracked: 4 }, { invalid: 1 }])
      expect(answer(given)).toEqual({ ok: true, value: { refused: none, unnamed: 0 } })
  })

  test('may only say how many', () => {
    const unnamed = { ok: true, value: { refused: none, unnamed: 1 } }
    expect(answer({ tracked: 2, invalid: 1 })).toEqual(unnamed)
    expect(answer({ tracked: 2, invalid: 1, invalid_indices: [7] })).toEqual(unnamed)
  })

  test.each([
    [{ tracked: 0 }, 'failing', 'tracked none'],
    [{ tracked: 2 }, 'failing', 'tracked 2 of 3'],
    [{ tracked: 2, invalid: 2 }, 'failing', 'tracked 2 of 3'],
    [{ status: 'error', tracked: 0 }, 'unsuitable', 'other than an answer to bulk'],
    [{ tracked: -1 }, 'unsuitable', 'other than an answer to bulk'],
    [{ tracked: '3' }, 'unsuitable', 'other than an answer to bulk'],
  ])('may be unusable: %j', (given, code, message) => {
    expect(answer(given)).toMatchObject({ fault: { code, message: expect.stringContaining(message) } })
  })

  test('may be something else entirely', () => {
    for (const body of [null, [], 'ok', 7]) expect(judgeAnswer(3, body)).toMatchObject({ ok: false })
  })
})
