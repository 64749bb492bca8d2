import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningSite, runSite, untilFlushed } from '../pages/running-site.ts'
import { type Http2Request, openHttp2 } from '../support/http2-client.ts'
import { steadyPort } from '../support/steady-port.ts'
import { waitFor } from '../support/wait.ts'
import { missingFor, proxyNames, type RunningProxy, startProxy } from './proxy.ts'
import { openStandIn } from './stand-in.ts'

const token = 'a-token-of-these-tests'
const endpoint = '/api/v1/promo/track-click'
const large = Buffer.alloc(200_000, 'a')
const small = Buffer.alloc(16_000, 'a')

const post = (path: string, type: string, body: Buffer | string, more: Partial<Http2Request> = {}) => ({
  headers: { ':method': 'POST', ':path': path, 'content-type': type },
  body,
  ...more,
})
const withHeaders = ({ headers, ...rest }: Http2Request, more: Record<string, string>): Http2Request => ({
  headers: { ...headers, ...more },
  ...rest,
})
const json = 'application/json'
const bearer = { authorization: `Bearer ${token}` }

/** Requests that are answered, or left by their sender, before their body has been read; and with which statuses. */
const refusals: Record<string, { request: Http2Request; statuses: (number | string)[] }> = {
  'too large': { request: post(endpoint, json, large), statuses: [413] },
  'too large, and says so': {
    request: withHeaders(post(endpoint, json, large), { 'content-length': String(large.length) }),
    statuses: [413],
  },
  'too large by far': { request: post(endpoint, json, Buffer.alloc(6_000_000)), statuses: [413] },
  'too large for a page': { request: post('/', 'text/plain', large), statuses: [413] },
  'too large for a redirect': {
    request: withHeaders(post('/nocodemba', json, large), { ':method': 'PUT' }),
    statuses: [413],
  },
  'too large, and asks first': {
    request: withHeaders(post(endpoint, json, large), { expect: '100-continue' }),
    statuses: [413],
  },
  'too large, and expects what nobody knows': {
    request: withHeaders(post(endpoint, json, large), { expect: 'nonsense' }),
    statuses: [413],
  },
  'another type': { request: post(endpoint, 'text/plain', small), statuses: [415] },
  'no token': { request: post(endpoint, json, small), statuses: [401, 429] },
  'a form from elsewhere': {
    request: withHeaders(post('/sign-in', 'application/x-www-form-urlencoded', small), {
      origin: 'https://elsewhere.example',
    }),
    statuses: [403],
  },
  'no such endpoint': { request: post('/api/v1/promo/nothing', json, small), statuses: [404] },
  'no such page': { request: post('/nothing/here', json, small), statuses: [404] },
  'another method': { request: post('/api/v1/promo/metrics', json, small), statuses: [405] },
  TRACE: { request: { headers: { ':method': 'TRACE', ':path': '/' } }, statuses: [405] },
  'left unfinished': { request: post(endpoint, json, small, { giveUpAfter: 200 }), statuses: ['no answer'] },
}

let running: RunningSite
let port: number
beforeAll(async () => {
  port = await steadyPort()
  running = await runSite({
    SITE_URL: `https://localhost:${port}`,
    PROMO_TRUSTED_PROXIES: '127.0.0.1',
    PROMO_INGEST_TOKEN: token,
    PROMO_FLOOD_PER_MINUTE: '1000000000',
  })
})
afterAll(() => running?.end())

const proxies = proxyNames.map((name) => ({ name, missing: missingFor(name) }))

describe.for(proxies)('$name', ({ name, missing }) => {
  let proxy: RunningProxy | undefined
  beforeAll(async () => {
    if (missing === undefined) proxy = await startProxy(name, running.site.url, port)
  })
  afterAll(() => proxy?.stop())

  test.for(Object.entries(refusals))('%s: no other visitor is affected', async ([, refusal], { skip }) => {
    skip(missing !== undefined, missing)
    const { url } = proxy ?? { url: '' }
    const visitor = openHttp2(url, '127.0.0.2')
    const visited: (number | string)[] = []
    const answered: (number | string)[] = []
    const over = new AbortController()
    const refused = async () => {
      const caller = openHttp2(url, '127.0.0.3')
      while (!over.signal.aborted) answered.push(await caller.ask(refusal.request))
      caller.close()
    }
    const callers = [refused(), refused(), refused()]
    for (let click = 0; click < 60; click += 1) {
      visited.push(await visitor.ask({ headers: { ':path': '/nocodemba?promo_var=42' } }))
      await sleep(5)
    }
    over.abort()
    await Promise.all(callers)
    visitor.close()
    expect(visited).toEqual(Array(60).fill(307))
    // A sender of much may see only that it was cut off: some clients look for the answer when they have sent all.
    const cut = refusal.statuses.includes(413) ? answered.filter((one) => typeof one === 'string') : []
    const allowed = new Set([...refusal.statuses, ...cut])
    expect([...new Set(answered)].filter((one) => !allowed.has(one))).toEqual([])
    expect(answered.length).toBeGreaterThan(cut.length)
  })

  test('visitors are distinguished by their addresses, whatever they claim', async ({ skip }) => {
    skip(missing !== undefined, missing)
    const userAgent = `Mozilla/5.0 (test) ${name}`
    for (const [from, forged] of [
      ['127.0.0.4', '198.51.100.1'],
      ['127.0.0.4', '198.51.100.2'],
      ['127.0.0.5', '198.51.100.1'],
    ] as const) {
      const visitor = openHttp2(proxy?.url ?? '', from)
      const said = { 'x-forwarded-for': forged, 'x-real-ip': forged, forwarded: `for=${forged}` }
      const headers = { ':path': '/nocodemba?promo_var=43', 'user-agent': userAgent, ...said }
      expect(await visitor.ask({ headers })).toBe(307)
      visitor.close()
    }
    await untilFlushed(running.site)
    const hashes = await running.database.sql<{ clicks: number }[]>`
      select count(*)::integer as clicks from promo_click_tracking
      where user_agent = ${userAgent} group by address_hash order by 1
    `
    expect(hashes.map(({ clicks }) => clicks)).toEqual([1, 2])
  })

  test('the site’s own form is accepted, and so are submissions with the token', async ({ skip }) => {
    skip(missing !== undefined, missing)
    const caller = openHttp2(proxy?.url ?? '', '127.0.0.6')
    const form = post('/sign-in', 'application/x-www-form-urlencoded', 'name=nobody&password=wrong')
    const origin = `https://localhost:${port}`
    expect(await caller.ask(withHeaders(form, { ':authority': `localhost:${port}`, origin }))).toBe(401)
    expect(await caller.ask(withHeaders(post(endpoint, json, '{"variation_id":42}'), bearer))).toBe(204)
    caller.close()
  })

  test('nothing but GET is sent twice, and idle connections end before the site ends them', async ({
    skip,
  }) => {
    skip(missing !== undefined, missing)
    const standIn = await openStandIn()
    const own = await startProxy(name, standIn.url)
    const client = openHttp2(own.url)
    for (const path of ['/fine', '/breaks', '/fine', '/breaks']) {
      await client.ask({ headers: { ':path': path } })
      await client.ask(post(path, json, '{}'))
    }
    expect(standIn.posts).toEqual({ '/fine': 2, '/breaks': 2 })
    client.close()
    await waitFor(() => expect(standIn.open).toBe(0), 250)
    expect(standIn.endedBySite).toBe(0)
    await own.stop()
    await standIn.close()
  })
})
