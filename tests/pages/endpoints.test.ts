import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findDrift } from '../support/database.ts'
import { type ApiSite, apiHeaders, jsonOf, runApiSite } from './api-site.ts'
import { ask, untilFlushed } from './running-site.ts'

let api: ApiSite
beforeAll(async () => {
  api = await runApiSite()
})
afterAll(() => api?.end())

let sends = 0
beforeEach(() => {
  sends += 1
})
const send = () => `send-${sends}`
const uuid = (last: number) => `0190b5a4-7c1e-7cc3-9a55-${String(last).padStart(12, '0')}`

const clicksOf = (userAgent: string) => api.sql`
  select offer_id, variation_id, referrer, user_agent, ip_hash, verdict, reason from promo_click_tracking
  where user_agent = ${userAgent}
`
const impressionsOf = (name: string) => api.sql`
  select offer_id, variation_id, recipients from promo_impression_tracking where newsletter_send_id = ${name}
  order by id
`

describe('track-impression', () => {
  test('Test 1: Track Impression - Valid Data', async () => {
    const before = await api.counters()
    const answer = await api.impression({ offer_id: 4, variation_id: 42, newsletter_send_id: send() })
    expect(answer).toMatchObject({ status: 204, body: '', headers: apiHeaders })
    expect([...(await impressionsOf(send()))]).toEqual([{ offer_id: 4, variation_id: 42, recipients: 1 }])
    expect(await api.counters()).toMatchObject({
      impressions: before.impressions + 1,
      ofVariation: before.ofVariation + 1,
    })
  })

  test('Test 2: Track Impression - Invalid Offer ID', async () => {
    const before = await api.rowCount()
    const answer = await api.impression({ offer_id: 999, variation_id: 42 })
    expect(answer).toMatchObject({
      status: 400,
      headers: { ...apiHeaders, 'content-type': expect.stringContaining('application/json') },
    })
    expect(jsonOf(answer)).toEqual({
      error: 'validation_error',
      details: { offer_id: 'Offer ID 999 does not exist' },
    })
    expect(await api.rowCount()).toBe(before)
  })

  test('an unknown variation, both unknown, and a variation of another offer are named', async () => {
    const details = async (body: unknown) => jsonOf(await api.impression(body))
    expect(await details({ offer_id: 4, variation_id: 999 })).toEqual({
      error: 'validation_error',
      details: { variation_id: 'Variation ID 999 does not exist' },
    })
    expect(await details({ offer_id: 998, variation_id: 999 })).toEqual({
      error: 'validation_error',
      details: { offer_id: 'Offer ID 998 does not exist', variation_id: 'Variation ID 999 does not exist' },
    })
    expect(await details({ offer_id: 5, variation_id: 42 })).toEqual({
      error: 'validation_error',
      details: { offer_id: 'Variation ID 42 belongs to offer ID 4' },
    })
  })

  test('the same send counts once; a second report corrects its recipients', async () => {
    const before = await api.counters()
    const report = { offer_id: 4, variation_id: 42, newsletter_send_id: send(), recipients: 1000 }
    for (const recipients of [1000, 1000, 1200, 900])
      expect(await api.impression({ ...report, recipients })).toMatchObject({ status: 204 })
    expect([...(await impressionsOf(send()))]).toEqual([{ offer_id: 4, variation_id: 42, recipients: 900 }])
    expect((await api.counters()).impressions - before.impressions).toBe(900)
  })

  test('without a send each report counts, except a retry with its event id', async () => {
    const before = await api.counters()
    const report = { offer_id: 4, variation_id: 42, recipients: 10 }
    await api.impression(report)
    await api.impression(report)
    for (let retry = 0; retry < 3; retry += 1)
      expect(await api.impression({ ...report, event_id: uuid(1) })).toMatchObject({ status: 204 })
    expect((await api.counters()).impressions - before.impressions).toBe(30)
  })
})

describe('track-click', () => {
  test('Test 4: Track Click - Valid Data', async () => {
    const before = await api.counters()
    const user_agent =
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148'
    const answer = await api.click({ variation_id: 42, referrer: 'gmail_app', user_agent })
    expect(answer).toMatchObject({ status: 204, body: '', headers: apiHeaders })
    expect([...(await clicksOf(user_agent))]).toEqual([
      {
        offer_id: 4,
        variation_id: 42,
        referrer: 'gmail_app',
        user_agent,
        ip_hash: null,
        verdict: 'human',
        // A send that another test has reported may be seconds old.
        reason: expect.stringMatching(/^(none|soon_after_send)$/),
      },
    ])
    expect(await api.counters()).toMatchObject({
      clicks: before.clicks + 1,
      clicksOfVariation: before.clicksOfVariation + 1,
    })
  })

  test('Test 5: Track Click - IP Address Hashing', async () => {
    const user_agent = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Test5'
    for (const ip_address of ['203.0.113.77', '::ffff:203.0.113.77', '203.0.113.78']) {
      expect(await api.click({ variation_id: 42, user_agent, ip_address })).toMatchObject({ status: 204 })
    }
    const hashes = (await clicksOf(user_agent)).map(({ ip_hash }) => String(ip_hash))
    expect(hashes).toHaveLength(3)
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(hashes[0]).toBe(hashes[1])
    expect(hashes[0]).not.toBe(hashes[2])
    const [found] =
      await api.sql`select count(*)::integer as raw from promo_click_tracking c where c::text like '%203.0.113.7%'`
    expect(found?.raw).toBe(0)
  })

  test('a retry with its event id counts once', async () => {
    const before = await api.counters()
    for (let retry = 0; retry < 3; retry += 1) {
      expect(await api.click({ variation_id: 42, event_id: uuid(2).toUpperCase() })).toMatchObject({
        status: 204,
      })
    }
    expect((await api.counters()).clicks - before.clicks).toBe(1)
  })

  test('an unknown variation is named', async () => {
    const answer = await api.click({ variation_id: 999 })
    expect([answer.status, jsonOf(answer)]).toEqual([
      400,
      { error: 'validation_error', details: { variation_id: 'Variation ID 999 does not exist' } },
    ])
  })

  test('a self-declared machine is counted as one', async () => {
    const user_agent = 'Googlebot/2.1 test'
    await api.click({ variation_id: 42, user_agent })
    expect(await clicksOf(user_agent)).toMatchObject([{ verdict: 'machine', reason: 'self_declared' }])
  })
})

describe('methods', () => {
  const endpoints = {
    'track-click': 'POST',
    'track-impression': 'POST',
    'select-random': 'GET',
    health: 'GET',
    'health/live': 'GET',
    metrics: 'GET',
    analytics: 'GET',
  }
  test.each(Object.entries(endpoints))('%s accepts %s', async (endpoint, method) => {
    const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter((one) => one !== method)
    const types = ['application/json', 'application/x-www-form-urlencoded', undefined]
    for (const [other, type] of others.flatMap((one) => types.map((type) => [one, type] as const))) {
      const slash = type === undefined ? '/' : ''
      const answer = await ask(api.site, `/api/v1/promo/${endpoint}${slash}`, {
        method: other,
        headers: type === undefined ? {} : { 'content-type': type },
      })
      expect(answer).toMatchObject({ status: 405, headers: { ...apiHeaders, allow: method } })
      expect(jsonOf(answer)).toEqual({ error: 'method_not_allowed', message: `Use ${method}` })
    }
  })
})

test.each(['nope', '', '/', 'health/nope', 'track-click/42', 'Analytics', 'track%2Dclicks', 'nope.html'])(
  'there is no endpoint "%s", by any method',
  async (endpoint) => {
    const path = endpoint === '' ? '/api/v1/promo' : `/api/v1/promo/${endpoint.replace(/^\/$/, '')}`
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD']) {
      for (const type of ['application/json', 'application/x-www-form-urlencoded', undefined]) {
        const answer = await ask(api.site, path, { method, headers: type ? { 'content-type': type } : {} })
        expect([method, answer]).toEqual([method, expect.objectContaining({ status: 404 })])
        expect(answer.headers).toMatchObject({
          ...apiHeaders,
          'content-type': 'application/json; charset=utf-8',
        })
        if (method === 'HEAD') expect(answer.body).toBe('')
        else
          expect(jsonOf(answer)).toEqual({
            error: 'not_found',
            message: expect.stringMatching(/select-random, track-impression/),
          })
      }
    }
  },
)

test('a slash at the end of an endpoint changes nothing', async () => {
  const body = JSON.stringify({ variation_id: 42 })
  const headers = { ...api.fresh(), 'content-type': 'application/json' }
  const answer = await ask(api.site, '/api/v1/promo/track-click/', { method: 'POST', headers, body })
  expect(answer.status).toBe(204)
})

describe('health and metrics', () => {
  test('health reports every part, liveness only that the process answers', async () => {
    const health = await ask(api.site, '/api/v1/promo/health', { headers: api.fresh() })
    expect(health).toMatchObject({ status: 200, headers: apiHeaders })
    expect(jsonOf(health)).toEqual({
      status: 'ok',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      database: { ok: true },
      migrated: true,
      journal: {
        ok: true,
        depth: expect.any(Number),
        age_seconds: expect.any(Number),
        bytes: expect.any(Number),
        damaged_bytes: 0,
        kept_bytes: expect.any(Number),
        last_flush: expect.stringMatching(/^\d{4}-.*Z$/),
      },
      rejects: 0,
      hints: expect.any(Array),
      links_left_out: [],
      variations_left_out: [],
      offers_without_slug: [6],
      selection: { strategy: 'weighted', goal: 'clicks' },
    })
    const live = await ask(api.site, '/api/v1/promo/health/live')
    expect([live.status, jsonOf(live)]).toEqual([200, { status: 'ok' }])
  })

  test("metrics are in Prometheus' format, for this machine or with the token", async () => {
    const answer = await ask(api.site, '/api/v1/promo/metrics', { headers: api.fresh() })
    expect(answer).toMatchObject({
      status: 200,
      headers: { ...apiHeaders, 'content-type': expect.stringMatching(/^text\/plain; version=0\.0\.4/) },
    })
    for (const line of answer.body.split('\n')) {
      expect(line).toMatch(
        /^$|^# (HELP|TYPE) promo_\w+ |^promo_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [-+\d.eInfNa]+$/,
      )
    }
    expect(answer.body).toMatch(/promo_api_requests_total\{endpoint="track-click",status="204"\} \d+/)
    expect(await ask(api.site, '/api/v1/promo/metrics', { headers: api.fresh() })).toMatchObject({
      status: 200,
    })
    expect(
      await ask(api.site, '/api/v1/promo/metrics', { headers: { 'x-forwarded-for': '203.0.113.7' } }),
    ).toMatchObject({ status: 401 })
  })
})

test('rows, counters and rollups agree at the end', async () => {
  await untilFlushed(api.site)
  expect(await api.rowCount()).toBeGreaterThan(0)
  expect(await findDrift(api.sql)).toEqual([])
})
