import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findDrift } from '../support/database.ts'
import { type ApiSite, apiHeaders, jsonOf, runApiSite, token } from './api-site.ts'
import { ask, post, type RunningSite, runSite, untilFlushed } from './running-site.ts'

/** One without a token or proxy, as the specification has it; one behind a proxy, with a token. */
let plain: RunningSite
let guarded: ApiSite
beforeAll(async () => {
  ;[plain, guarded] = await Promise.all([runSite(), runApiSite()])
})
afterAll(() => Promise.all([plain?.end(), guarded?.end()]))

const click = { variation_id: 42 }

const statuses = async (count: number, call: () => Promise<{ status: number }>) => {
  const counts: Record<number, number> = {}
  for (let sent = 0; sent < count; sent += 50) {
    const batch = await Promise.all(Array.from({ length: Math.min(50, count - sent) }, call))
    for (const { status } of batch) counts[status] = (counts[status] ?? 0) + 1
  }
  return counts
}
/** Health has the same details for all who may have any. */
const offersNamed = async (site: RunningSite['site'], headers = {}) =>
  JSON.parse((await ask(site, '/api/v1/promo/health', { headers })).body).offers_without_slug

describe('without a token', () => {
  test('a script on the same machine has access', async () => {
    expect(await post(plain.site, 'track-click', click)).toMatchObject({ status: 204 })
    expect(await post(plain.site, 'track-impression', { offer_id: 4, variation_id: 42 })).toMatchObject({
      status: 204,
    })
    expect(await ask(plain.site, '/api/v1/promo/select-random')).toMatchObject({ status: 200 })
    expect(await ask(plain.site, '/api/v1/promo/metrics')).toMatchObject({ status: 200 })
  })

  test.each([
    ['through a proxy', { 'x-forwarded-for': '127.0.0.1' }],
    ['through one that says so otherwise', { forwarded: 'for=127.0.0.1' }],
    ['from a page in a browser', { origin: 'http://localhost:4321' }],
    ['from an image in a page', { 'sec-fetch-site': 'cross-site' }],
    ['for a public host, as HAProxy passes it on', { host: 'www.example.com' }],
    ['through a proxy that names its own request only', { 'x-amzn-trace-id': 'Root=1' }],
    ['with a token that is set nowhere', { authorization: 'Bearer anything' }],
  ])('nobody has access %s, and the answer names the setting', async (_, headers) => {
    for (const answer of [
      await post(plain.site, 'track-click', click, headers),
      await post(plain.site, 'track-impression', { offer_id: 4, variation_id: 42 }, headers),
      await ask(plain.site, '/api/v1/promo/select-random', { headers }),
      await ask(plain.site, '/api/v1/promo/metrics', { headers }),
    ]) {
      expect(answer).toMatchObject({ status: 401, headers: { ...apiHeaders, 'www-authenticate': 'Bearer' } })
      expect(jsonOf(answer)).toEqual({
        error: 'unauthorized',
        message: expect.stringContaining('set PROMO_INGEST_TOKEN'),
      })
    }
  })

  test.each([
    ['a proxy that ends TLS', 'shop.example'],
    ['one that writes another Host', '127.0.0.1:4321'],
  ])('signing in behind %s names the setting that is missing', async (_, host) => {
    const headers = { host, origin: 'https://shop.example', 'x-forwarded-proto': 'https' }
    const sent = { ...headers, 'content-type': 'application/x-www-form-urlencoded' }
    for (const path of ['/sign-in?next=%2Fanalytics', '/sign-out/']) {
      const answer = await ask(plain.site, path, { method: 'POST', headers: sent, body: 'name=a&password=b' })
      expect(answer.status).toBe(403)
      expect(answer.body).toContain('must set SITE_URL=https://shop.example and')
    }
    const told = plain.site.log.filter((line) => line.includes('a form was refused'))
    expect(told).toHaveLength(1)
    expect(told[0]).toContain('SITE_URL=https://shop.example')
  })

  test('a request as from a bare proxy_pass of nginx is refused', async () => {
    const { hostname, port } = new URL(plain.site.url)
    const socket = connect(Number(port), hostname)
    socket.write(
      `GET /api/v1/promo/metrics HTTP/1.0\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`,
    )
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 401 [\s\S]*set PROMO_INGEST_TOKEN/)
  })

  test('health reports a proxy that leaves no trace', async () => {
    for (const _ of [1, 2, 3]) {
      const redirect = await ask(plain.site, '/nocodemba', { headers: { host: 'www.example.com' } })
      expect(redirect.status).toBe(307)
    }
    const { body } = await ask(plain.site, '/api/v1/promo/health')
    expect(JSON.parse(body).hints).toContainEqual(expect.stringContaining('set PROMO_INGEST_TOKEN'))
  })

  test('strangers behind a proxy do not use up the limit of the script', async () => {
    const stranger = { host: 'www.example.com' }
    // Others in this file have been refused within the same minute.
    const { 401: refused = 0, 429: limited } = await statuses(210, () =>
      post(plain.site, 'track-impression', {}, stranger),
    )
    expect(refused).toBeGreaterThan(150)
    expect([refused <= 200, limited]).toEqual([true, 210 - refused])
    expect(await post(plain.site, 'track-impression', { offer_id: 4, variation_id: 42 })).toMatchObject({
      status: 204,
    })
  })

  test('health is for everybody, and names nothing to strangers', async () => {
    const stranger = { 'x-forwarded-for': '203.0.113.7' }
    for (const path of ['/api/v1/promo/health', '/api/v1/promo/health/live'])
      expect(await ask(plain.site, path, { headers: stranger })).toMatchObject({ status: 200 })
    expect(await offersNamed(plain.site)).toEqual([6])
    expect(await offersNamed(plain.site, stranger)).toEqual([])
  })
})

describe('with a token', () => {
  const away = { 'x-forwarded-for': '203.0.113.7' }

  test('callers have access from anywhere', async () => {
    expect(await guarded.click(click, { ...away, authorization: `Bearer ${token}` })).toMatchObject({
      status: 204,
    })
    expect(
      await guarded.click(click, {
        ...away,
        origin: 'https://site.example',
        authorization: `bearer ${token}`,
      }),
    ).toMatchObject({ status: 204 })
    expect(
      await post(guarded.site, 'track-click', click, { authorization: `Bearer ${token}` }),
    ).toMatchObject({
      status: 204,
    })
  })

  test('callers on this machine need it, too', async () => {
    for (const answer of [
      await post(guarded.site, 'track-click', click),
      await ask(guarded.site, '/api/v1/promo/metrics'),
    ]) {
      expect(answer.status).toBe(401)
      expect(answer.body).toContain('PROMO_INGEST_TOKEN')
    }
    expect(await offersNamed(guarded.site)).toEqual([])
    expect(await offersNamed(guarded.site, { ...away, authorization: `Bearer ${token}` })).toEqual([6])
  })

  test.each([
    {},
    { authorization: `Bearer ${token}x` },
    { authorization: `Bearer ${token.slice(1)}` },
    { authorization: `Basic ${token}` },
    { authorization: 'Bearer ' },
  ])('nobody else has access: %o', async (headers) => {
    const answer = await guarded.click(click, { ...away, ...headers })
    expect(answer.status).toBe(401)
    expect(answer.body).toContain('PROMO_INGEST_TOKEN')
    expect(answer.body).not.toContain(token)
  })

  test('an address that the caller claims gives no access', async () => {
    expect(await guarded.click(click, { 'x-forwarded-for': '127.0.0.1' })).toMatchObject({ status: 401 })
    expect(await guarded.click(click, { 'x-forwarded-for': '127.0.0.1, 203.0.113.7' })).toMatchObject({
      status: 401,
    })
  })
})

describe('rate limits', () => {
  const from = (address: string) => ({ 'x-forwarded-for': address, authorization: `Bearer ${token}` })

  test.each([
    ['track-impression', 200],
    ['track-click', 500],
  ] as const)('%s accepts %i a minute from an address', async (endpoint, most) => {
    const busy = from(`198.51.100.${most === 200 ? 1 : 2}`)
    // Invalid requests cost nothing more than an answer, but they count.
    expect(await statuses(most + 20, () => post(guarded.site, endpoint, {}, busy))).toEqual({
      400: most,
      429: 20,
    })
    const refused = await post(guarded.site, endpoint, {}, busy)
    expect(refused).toMatchObject({ status: 429, headers: apiHeaders })
    const wait = Number(refused.headers['retry-after'])
    expect(wait).toBeGreaterThanOrEqual(1)
    expect(wait).toBeLessThanOrEqual(60)
    expect(jsonOf(refused)).toEqual({
      error: 'rate_limited',
      message: `Too many requests; try again in ${wait} s`,
    })
    expect(await post(guarded.site, endpoint, {}, from('198.51.100.3'))).toMatchObject({ status: 400 })
    expect(
      await post(guarded.site, endpoint, {}, from(`198.51.100.3, ${busy['x-forwarded-for']}`)),
    ).toMatchObject({ status: 429 })
  })

  test('analytics accept 60 a minute from an address, with a token or without', async () => {
    const read = (headers: Record<string, string>) => () =>
      ask(guarded.site, '/api/v1/promo/analytics', { headers })
    expect(await statuses(70, read({ 'x-forwarded-for': '198.51.100.4' }))).toEqual({ 401: 60, 429: 10 })
    expect(await statuses(70, read(from('198.51.100.5')))).toEqual({ 401: 60, 429: 10 })
    expect(await ask(guarded.site, '/api/v1/promo/analytics')).toMatchObject({ status: 401 })
  })

  test('never stop a redirect', async () => {
    const visit = () => ask(guarded.site, '/nocodemba?promo_var=43', { headers: from('198.51.100.2') })
    expect(await statuses(130, visit)).toEqual({ 307: 130 })
    await untilFlushed(guarded.site)
    const found = await guarded.sql`
      select verdict, reason, count(*)::integer from promo_click_tracking where variation_id = 43 group by 1, 2
      order by 3
    `
    expect([...found]).toEqual([
      { verdict: 'human', reason: 'no_user_agent', count: 1 },
      { verdict: 'duplicate', reason: 'repeated', count: 119 },
    ])
    const added = await guarded.sql`
      select reason, sum(clicks)::integer as clicks from promo_surplus_clicks where variation_id = 43 group by 1
    `
    expect([...added]).toEqual([{ reason: 'flood', clicks: 10 }])
  })
})

test('rows, counters and rollups agree at the end', async () => {
  await Promise.all([untilFlushed(plain.site), untilFlushed(guarded.site)])
  expect(await findDrift(plain.database.sql)).toEqual([])
  expect(await findDrift(guarded.sql)).toEqual([])
})
