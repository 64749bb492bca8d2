import { globSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { equal, refuseCaller } from '../../src/lib/http/access.ts'
import { faultAnswer, json, noContent, plainText, toResponse } from '../../src/lib/http/answer.ts'
import { endpointMethods, onlyMethod, unknownEndpoint } from '../../src/lib/http/methods.ts'
import { limitPerMinute, type RateLimit } from '../../src/lib/http/rate-limits.ts'
import { endpointLimits, type GuardParts, guard } from '../../src/lib/open/guard.ts'
import { createMetrics } from '../../src/lib/operations/metrics.ts'

const token = 'a-token-of-sixteen'
const here = { address: '127.0.0.1', forwarded: false, local: true }
const away = { address: '203.0.113.7', forwarded: false, local: false }
const reading = (headers: Record<string, string>) => (name: string) => headers[name]

describe('access', () => {
  test.each([
    ['here where none is set', here, {}, undefined],
    ['away with the token', away, { authorization: `Bearer ${token}` }, token],
    ['away with the token, written otherwise', away, { authorization: `bearer  ${token}` }, token],
    ['here with the token', here, { authorization: `Bearer ${token}` }, token],
    ['here with another scheme where none is set', here, { authorization: 'Basic abc' }, undefined],
  ])('is granted %s', (_, client, headers, expected) => {
    expect(refuseCaller(client, reading(headers), expected)).toBeUndefined()
  })

  const [wrong, missing] = ['This token is not the value of', 'Send the value of']
  const [none, stranger] = ['This site has no token', 'Only programs on this machine']
  test.each([
    ['away without one', away, {}, token, missing],
    ['away with a wrong one', away, { authorization: `Bearer ${token}x` }, token, wrong],
    ['away with an empty one', away, { authorization: 'Bearer ' }, token, missing],
    ['here without one where one is set', here, {}, token, missing],
    ['here with another scheme where one is set', here, { authorization: 'Basic abc' }, token, missing],
    ['here with a wrong one', here, { authorization: 'Bearer wrong' }, token, wrong],
    ['here with one where none is set', here, { authorization: 'Bearer wrong' }, undefined, none],
    ['away with one where none is set', away, { authorization: 'Bearer wrong' }, undefined, none],
    ['away where none is set', away, {}, undefined, stranger],
  ])('is refused %s, naming fault and setting, not its value', (_, client, headers, expected, reason) => {
    const fault = refuseCaller(client, reading(headers), expected)
    expect(fault).toMatchObject({ error: 'unauthorized', headers: { 'www-authenticate': 'Bearer' } })
    expect(fault?.message).toContain('PROMO_INGEST_TOKEN')
    expect(fault?.message?.startsWith(reason)).toBe(true)
    expect(fault?.message).not.toContain(token)
    expect(fault?.message?.includes('set PROMO_INGEST_TOKEN')).toBe(expected === undefined)
  })

  test('compares whole texts, whatever their lengths', () => {
    expect(equal('abc', 'abc')).toBe(true)
    expect(equal('abc', 'abd')).toBe(false)
    expect(equal('abc', 'abcd')).toBe(false)
    expect(equal('', '')).toBe(true)
  })
})

describe('answers', () => {
  const shared = {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-robots-tag': 'noindex',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  }

  test('carry the same protective headers', () => {
    for (const { headers } of [
      json(200, {}),
      noContent(),
      plainText('', 'text/plain'),
      faultAnswer({ error: 'rate_limited' }),
    ]) {
      expect(headers).toMatchObject(shared)
    }
  })

  test.each([
    ['validation_error', 400],
    ['unauthorized', 401],
    ['no_eligible_promo', 404],
    ['method_not_allowed', 405],
    ['body_too_large', 413],
    ['unsupported_media_type', 415],
    ['rate_limited', 429],
    ['tracking_failed', 503],
    ['database_unavailable', 503],
  ] as const)('%s is answered with %i', (error, status) => {
    expect(faultAnswer({ error })).toMatchObject({ status, body: JSON.stringify({ error }) })
  })

  test('include the details of an error', () => {
    const { body, headers } = faultAnswer({
      error: 'tracking_failed',
      message: 'why',
      details: { offer_id: 'what' },
      fields: { queued: true },
      headers: { 'retry-after': '7' },
    })
    expect(JSON.parse(`${body}`)).toEqual({
      error: 'tracking_failed',
      message: 'why',
      details: { offer_id: 'what' },
      queued: true,
    })
    expect(headers).toMatchObject({
      ...shared,
      'retry-after': '7',
      'content-type': 'application/json; charset=utf-8',
    })
  })

  test('become responses, with a body only if there is one', async () => {
    const response = toResponse(plainText('text', 'text/plain'))
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      'text/plain',
      'text',
    ])
    expect(toResponse(noContent()).body).toBeNull()
  })

  test('name the method that an endpoint accepts', async () => {
    const response = onlyMethod('POST')()
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
    expect(await response.json()).toEqual({ error: 'method_not_allowed', message: 'Use POST' })
  })

  test('name the existing endpoints, which are those in the folder of pages', () => {
    const { status, body } = unknownEndpoint()
    const { error, message } = JSON.parse(`${body}`)
    expect([status, error]).toEqual([404, 'not_found'])
    const files = globSync('**/*.{ts,astro}', { cwd: 'src/pages/api/v1/promo', exclude: ['\\[*'] })
    const endpoints = files.map((file) => file.replace(/(\/index)?\.(ts|astro)$/, '')).sort()
    expect([...endpointMethods.keys()].sort()).toEqual(endpoints)
    for (const endpoint of endpoints) expect(message).toContain(endpoint)
  })
})

describe('rate limits', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('apply to each address and end after a minute', async () => {
    const limit = limitPerMinute(2)
    expect([await limit('a'), await limit('a')]).toEqual([undefined, undefined])
    expect(await limit('a')).toBe(60)
    expect(await limit('b')).toBeUndefined()
    vi.advanceTimersByTime(59_990)
    expect(await limit('a')).toBe(1)
    vi.advanceTimersByTime(20)
    expect(await limit('a')).toBeUndefined()
  })

  test('ask nobody to wait for more than a minute, and end after it, although the clock was set back', async () => {
    const limit = limitPerMinute(1)
    expect(await limit('a')).toBeUndefined()
    vi.advanceTimersByTime(59_000)
    vi.setSystemTime(Date.now() - 86_400_000)
    expect(await limit('a')).toBe(60)
    vi.advanceTimersByTime(1_000)
    expect(await limit('a')).toBeUndefined()
  })
})

describe('a client of the rate limits', () => {
  const one = ['2001:db8:0:7::1', '2001:DB8::7:ffff:ffff:ffff:ffff', '2001:db8:0:7:1:2:3:4%eth0']
  const others = ['2001:db8:0:8::1', '2001:db8:1:7::1', '2001:db9:0:7::1', '::1', 'fe80::1', '::2:0:0:0:1']

  test('is an IPv6 network of 64 bits', async () => {
    const limit = limitPerMinute(1)
    expect(await limit(one[0] ?? '')).toBeUndefined()
    for (const address of one) expect(await limit(address)).toBe(60)
    for (const address of others) expect(await limit(address)).toBeUndefined()
  })

  test('is one IPv4 address, in whatever form', async () => {
    const limit = limitPerMinute(1)
    expect(await limit('203.0.113.7')).toBeUndefined()
    for (const address of ['203.0.113.7', '::ffff:203.0.113.7', '::FFFF:cb00:7107'])
      expect(await limit(address)).toBe(60)
    for (const address of ['203.0.113.8', '::ffff:203.0.113.9', '', 'unknown'])
      expect(await limit(address)).toBeUndefined()
  })
})

describe('the guard', () => {
  const parts = (
    admitted: RateLimit,
    refused: RateLimit = async () => undefined,
  ): GuardParts & { metrics: ReturnType<typeof createMetrics> } => ({
    token,
    webhookSecret: 'of-the-webhook',
    refuseReader: async (header) =>
      header('authorization') === 'Bearer reader' ? undefined : { error: 'forbidden', message: 'not you' },
    limits: {
      'track-click': { admitted, refused },
      'track-impression': { admitted, refused },
      'track-conversion': { admitted, refused },
      postback: { admitted, refused },
      'select-random': { admitted, refused },
      'links/changed': { admitted, refused },
      metrics: { admitted, refused },
      analytics: { admitted, refused },
    },
    metrics: createMetrics(),
    log: createLog('silent'),
  })
  const source = (client = here) => ({
    request: new Request('http://site/', { headers: { authorization: `Bearer ${token}` } }),
    client,
  })
  const counted = async ({ metrics }: ReturnType<typeof parts>) =>
    (await metrics.requests.get()).values.map(({ labels, value }) => [labels.endpoint, labels.status, value])

  test('lets a request through and counts its answer', async () => {
    const gate = parts(async () => undefined)
    expect(await guard(gate, 'track-click', source(), async () => noContent())).toEqual(noContent())
    expect(await counted(gate)).toEqual([['track-click', '204', 1]])
  })

  test('answers 429 with the seconds to wait, before anything else', async () => {
    const gate = parts(async () => 17)
    const answer = await guard(gate, 'metrics', source(), () => expect.fail('was let through'))
    expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '17' } })
    expect(answer.body).toContain('17 s')
    expect(await counted(gate)).toEqual([['metrics', '429', 1]])
  })

  test('has its own check for readers of the analytics', async () => {
    const gate = parts(async () => undefined)
    const reader = new Request('http://site/', { headers: { authorization: 'Bearer reader' } })
    const read = (request: Request) =>
      guard(gate, 'analytics', { request, client: here }, async () => noContent())
    expect(await read(reader)).toEqual(noContent())
    expect(await read(new Request('http://site/'))).toMatchObject({
      status: 403,
      body: expect.stringContaining('not you'),
    })
  })

  test('leaves the secret of a postback to its endpoint, within a rate limit', async () => {
    const stranger = { request: new Request('http://site/'), client: away }
    const gate = parts(async () => undefined)
    expect(await guard(gate, 'postback', stranger, async () => noContent())).toEqual(noContent())
    const often = parts(async () => 9)
    const answer = await guard(often, 'postback', stranger, () => expect.fail('was let through'))
    expect(answer.status).toBe(429)
  })

  test('accepts notices of changes with the secret only, and none if it is not set', async () => {
    const gate = parts(async () => undefined)
    const tell = (authorization: string | undefined, webhookSecret: string | undefined, client = away) => {
      const request = new Request('http://site/', { headers: authorization ? { authorization } : {} })
      const open = async () => noContent()
      return guard({ ...gate, webhookSecret }, 'links/changed', { request, client }, open)
    }
    expect(await tell('Bearer of-the-webhook', 'of-the-webhook')).toEqual(noContent())
    for (const given of [`Bearer ${token}`, 'Bearer of-the-webhoo', 'of-the-webhook', undefined])
      expect(await tell(given, 'of-the-webhook', here)).toMatchObject({
        status: 401,
        body: expect.stringContaining('Have Strapi send the value of PROMO_STRAPI_WEBHOOK_SECRET'),
      })
    for (const given of ['Bearer undefined', 'Bearer ', undefined])
      expect(await tell(given, undefined, here)).toMatchObject({
        status: 401,
        body: expect.stringContaining('Set PROMO_STRAPI_WEBHOOK_SECRET'),
      })
  })

  test('refuses callers without access, under a rate limit of their own', async () => {
    const stranger = { request: new Request('http://site/'), client: away }
    for (const endpoint of ['metrics', 'analytics'] as const) {
      const tookTurn = () => expect.fail('took a turn')
      const gate = parts(tookTurn)
      const answer = await guard(gate, endpoint, stranger, () => expect.fail('was let through'))
      expect(answer.status).toBe(endpoint === 'metrics' ? 401 : 403)
      const often = parts(tookTurn, async () => 9)
      const again = await guard(often, endpoint, stranger, () => expect.fail('was let through'))
      expect(again).toMatchObject({ status: 429, headers: { 'retry-after': '9' } })
    }
  })

  test.each([
    ['track-impression', 200],
    ['track-click', 500],
    ['select-random', 100],
    ['links/changed', 600],
    ['metrics', 100],
    ['analytics', 60],
  ] as const)('refuses and answers calls of %s, each up to %i a minute', async (endpoint, most) => {
    const gate = { ...parts(async () => undefined), limits: endpointLimits() }
    const [refused, admitted] = [new Request('http://site/'), source().request]
    if (endpoint === 'links/changed') admitted.headers.set('authorization', 'Bearer of-the-webhook')
    if (endpoint === 'analytics') admitted.headers.set('authorization', 'Bearer reader')
    const statuses = async (request: Request) => {
      const told: number[] = []
      for (let call = 0; call <= most; call += 1)
        told.push((await guard(gate, endpoint, { request, client: away }, async () => noContent())).status)
      return told
    }
    const refusal = endpoint === 'analytics' ? 403 : 401
    expect(await statuses(refused)).toEqual([...Array(most).fill(refusal), 429])
    expect(await statuses(admitted)).toEqual([...Array(most).fill(204), 429])
  })

  test('answers an exception with 500, without details', async () => {
    const gate = parts(async () => undefined)
    const broken = await guard(gate, 'metrics', source(), () => Promise.reject(new Error('secret')))
    expect(broken).toMatchObject({ status: 500, body: expect.not.stringContaining('secret') })
    const limitBroken = await guard(
      parts(() => Promise.reject(new Error())),
      'metrics',
      source(),
      async () => noContent(),
    )
    expect(limitBroken.status).toBe(500)
  })
})
