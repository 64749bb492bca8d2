import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findDrift } from '../support/database.ts'
import { type ApiSite, apiHeaders, jsonOf, runApiSite } from './api-site.ts'
import { ask, untilFlushed } from './running-site.ts'

let api: ApiSite
beforeAll(async () => {
  api = await runApiSite()
})
afterAll(() => api?.end())

describe('an invalid body', () => {
  const good = { offer_id: 4, variation_id: 42 }

  test.each<[string, unknown, number, Record<string, unknown>]>([
    ['broken JSON', '{"offer_id": 4,', 400, { body: expect.stringContaining('not valid JSON') }],
    ['an empty body', '', 400, { body: expect.stringContaining('not valid JSON') }],
    ['a list', '[1]', 400, { body: 'must be a JSON object' }],
    ['an empty list', '[]', 400, { body: 'must be a JSON object' }],
    ['null', 'null', 400, { body: 'must be a JSON object' }],
    ['a text', '"x"', 400, { body: 'must be a JSON object' }],
    [
      'no UTF-8',
      Buffer.from([0x7b, 0xff, 0x7d]),
      400,
      { body: expect.stringContaining('could not be read') },
    ],
    ['nothing in it', {}, 400, { offer_id: 'is missing', variation_id: 'is missing' }],
    [
      'wrong types',
      { offer_id: '4', variation_id: true },
      400,
      { offer_id: expect.any(String), variation_id: expect.any(String) },
    ],
    ['an unknown field', { ...good, extra: 1 }, 400, { extra: 'is not a known field; remove it' }],
    [
      'a key that is there twice',
      '{"offer_id":4,"variation_id":42,"recipients":1,"recipients":1200}',
      400,
      { recipients: 'is given more than once' },
    ],
    [
      '__proto__',
      '{"offer_id":4,"variation_id":42,"__proto__":{"recipients":5}}',
      400,
      { ['__proto__']: 'is not a known field; remove it' },
    ],
    [
      'numbers out of range',
      { offer_id: 0, variation_id: 2147483648, recipients: 10_000_001 },
      400,
      {
        offer_id: 'must be at least 1',
        variation_id: 'must be at most 2147483647',
        recipients: 'must be at most 10000000',
      },
    ],
    ['a huge number', '{"offer_id":1e400,"variation_id":42}', 400, { offer_id: expect.any(String) }],
    [
      'NUL',
      { ...good, newsletter_send_id: 'a\0' },
      400,
      { newsletter_send_id: 'must not contain NUL or broken characters' },
    ],
    [
      'half a surrogate pair',
      '{"offer_id":4,"variation_id":42,"newsletter_send_id":"\\ud83d"}',
      400,
      { newsletter_send_id: 'must not contain NUL or broken characters' },
    ],
    [
      'a long send',
      { ...good, newsletter_send_id: 'x'.repeat(101) },
      400,
      { newsletter_send_id: 'must have at most 100 characters' },
    ],
    [
      'an event id that is none',
      { ...good, event_id: 'x' },
      400,
      { event_id: expect.stringContaining('UUID') },
    ],
    [
      'several faults',
      { offer_id: -1, variation_id: 4.2, newsletter_send_id: '', recipients: '5', event_id: 7, a: 1, b: 2 },
      400,
      Object.fromEntries(
        ['offer_id', 'variation_id', 'newsletter_send_id', 'recipients', 'event_id', 'a', 'b'].map(
          (field) => [field, expect.any(String)],
        ),
      ),
    ],
    [
      'more than 16 KiB',
      { ...good, newsletter_send_id: 'x'.repeat(17_000) },
      413,
      { body: expect.stringContaining('16384') },
    ],
  ])('track-impression with %s', async (_, body, status, details) => {
    const before = await api.rowCount()
    const answer = await api.impression(body)
    expect([answer.status, jsonOf(answer)]).toEqual([
      status,
      { error: status === 413 ? 'body_too_large' : 'validation_error', details },
    ])
    expect(answer.headers).toMatchObject(apiHeaders)
    expect(await api.rowCount()).toBe(before)
  })

  test.each<[string, unknown, string[]]>([
    ['an address that is none', { variation_id: 42, ip_address: '1.2.3.4.5' }, ['ip_address']],
    [
      'NUL and halves of characters',
      '{"variation_id":42,"referrer":"a\\u0000","user_agent":"\\udc00"}',
      ['referrer', 'user_agent'],
    ],
    ['an offer', { variation_id: 42, offer_id: 4 }, ['offer_id']],
    [
      'several faults',
      { variation_id: null, referrer: 1, user_agent: [], ip_address: {}, event_id: false, x: 1 },
      ['event_id', 'ip_address', 'referrer', 'user_agent', 'variation_id', 'x'],
    ],
  ])('track-click with %s', async (_, body, fields) => {
    const answer = await api.click(body)
    expect(answer.status).toBe(400)
    expect(jsonOf(answer)).toEqual({
      error: 'validation_error',
      details: Object.fromEntries(fields.map((field) => [field, expect.any(String)])),
    })
  })

  test('too large is refused even without a length, but long texts are truncated', async () => {
    const chunked = await ask(api.site, '/api/v1/promo/track-click', {
      method: 'POST',
      headers: { ...api.fresh(), 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
      body: `{"variation_id":42}${' '.repeat(17_000)}`,
    })
    expect([chunked.status, jsonOf(chunked)]).toEqual([
      413,
      { error: 'body_too_large', details: { body: expect.stringContaining('16384') } },
    ])
    const address = `https://reader.example/${'y'.repeat(2_100)}`
    for (const length of [500, 501])
      expect(
        await api.click({ variation_id: 42, user_agent: 'x'.repeat(length), referrer: address }),
      ).toMatchObject({ status: 204 })
    const kept = await api.sql`
      select referrer from promo_click_tracking where user_agent = ${'x'.repeat(500)}
    `
    expect([...kept]).toEqual([{ referrer: 'reader.example' }, { referrer: 'reader.example' }])
  })

  test.each([
    'application/x-www-form-urlencoded',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/xml',
    '',
  ])('of type "%s" is refused, wherever it comes from', async (type) => {
    for (const headers of [api.fresh(), { ...api.fresh(), origin: 'https://elsewhere.example' }]) {
      const answer = await ask(api.site, '/api/v1/promo/track-click', {
        method: 'POST',
        headers: { ...headers, 'content-type': type },
        body: '{"variation_id":42}',
      })
      expect(answer).toMatchObject({ status: 415, headers: apiHeaders })
      expect(jsonOf(answer)).toEqual({
        error: 'unsupported_media_type',
        details: { 'content-type': expect.stringContaining('application/json') },
      })
    }
  })

  test('that is compressed is refused, and the answer names the header', async () => {
    const answer = await ask(api.site, '/api/v1/promo/track-click', {
      method: 'POST',
      headers: { ...api.fresh(), 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync('{"variation_id":42}'),
    })
    expect(answer).toMatchObject({ status: 415, headers: { ...apiHeaders, 'accept-encoding': 'identity' } })
    expect(jsonOf(answer)).toEqual({
      error: 'unsupported_media_type',
      details: { 'content-encoding': expect.stringContaining('without Content-Encoding') },
    })
  })

  test('without a type is refused; with a charset it is not', async () => {
    const headers = api.fresh()
    expect(
      await ask(api.site, '/api/v1/promo/track-click', {
        method: 'POST',
        headers,
        body: '{"variation_id":42}',
      }),
    ).toMatchObject({ status: 415 })
    expect(
      await api.click(
        { variation_id: 42 },
        { ...headers, 'content-type': 'application/json; charset=utf-8' },
      ),
    ).toMatchObject({ status: 204 })
  })
})

test('rows, counters and rollups agree at the end', async () => {
  await untilFlushed(api.site)
  expect(await api.rowCount()).toBeGreaterThan(0)
  expect(await findDrift(api.sql)).toEqual([])
})
