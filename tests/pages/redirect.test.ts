import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findDrift } from '../support/database.ts'
import { browser, cases, course, type Row } from './redirect-cases.ts'
import { ask, type RawAnswer, type RunningSite, runSite, untilFlushed } from './running-site.ts'

const ofTheConnection = ['date', 'connection', 'keep-alive', 'transfer-encoding']

const comparable = ({ headers, ...answer }: RawAnswer): RawAnswer => ({
  ...answer,
  headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !ofTheConnection.includes(name))),
})

const rowsOf = ({ database }: RunningSite) => database.sql<Row[]>`
  select variation_id, verdict, reason, referrer, user_agent, ip_hash is not null as hashed
  from promo_click_tracking order by id
`

/** All cases, one after the other, so that the rows come in their order. */
async function askAll(running: RunningSite): Promise<{ answers: RawAnswer[]; rows: Row[] }> {
  const answers: RawAnswer[] = []
  for (const [index, { path, headers = browser, ...request }] of cases.entries()) {
    // Each from a visitor of its own, so that none is a duplicate or one of many.
    const visitor = { 'x-forwarded-for': `198.18.0.${index}`, ...headers }
    answers.push(comparable(await ask(running.site, path, { ...request, headers: visitor })))
  }
  await untilFlushed(running.site)
  return { answers, rows: [...(await rowsOf(running))] }
}

let short: RunningSite
let astro: RunningSite
let byShort: Awaited<ReturnType<typeof askAll>>
let byAstro: Awaited<ReturnType<typeof askAll>>

beforeAll(async () => {
  const settings = { PROMO_FLOOD_PER_MINUTE: '1000000', PROMO_TRUSTED_PROXIES: '127.0.0.1' }
  ;[short, astro] = await Promise.all([
    runSite(settings),
    runSite(settings, { program: 'tests/bench/astro-server.ts' }),
  ])
  ;[byShort, byAstro] = await Promise.all([askAll(short), askAll(astro)])
})
afterAll(() => Promise.all([short?.end(), astro?.end()]))

const titled = cases.map((one, index) => ({
  ...one,
  index,
  title:
    `${one.method ?? 'GET'} ${one.path.slice(0, 60)} ` +
    `${Object.entries(one.headers ?? {}).map((header) => header.join(': ').slice(0, 50))}`,
}))

describe.each(titled)('$title', ({ index, status, location, recorded, row }) => {
  test('gets the expected answer', () => {
    const answer = byShort.answers[index]
    expect(answer).toMatchObject({ status })
    expect(answer?.headers.location).toBe(location)
    if (status !== 404) {
      expect(answer).toMatchObject({
        body: '',
        headers: {
          'cache-control': 'no-store',
          'x-robots-tag': 'noindex',
          'x-content-type-options': 'nosniff',
        },
      })
    }
    expect(answer?.headers.allow).toBe(status === 405 ? 'GET, HEAD' : undefined)
    expect(answer?.headers['set-cookie']).toBeUndefined()
  })

  test('gets the same answer from the route', () => {
    // Where there is no link the site answers, and not the route.
    if (status === 404) expect(byAstro.answers[index]?.status).toBe(404)
    else expect(byAstro.answers[index]).toEqual(byShort.answers[index])
  })

  test('is recorded as expected, by both servers', () => {
    if (recorded === undefined) return
    const before = cases.slice(0, index).filter((one) => one.recorded !== undefined).length
    const found = byShort.rows[before]
    expect(`${found?.verdict} ${found?.reason}`).toBe(recorded)
    expect(found).toMatchObject(row ?? {})
    expect(byAstro.rows[before]).toEqual(found)
  })
})

describe('both servers', () => {
  test('record the expected clicks, and no others', async () => {
    const expected = cases.filter(({ recorded }) => recorded !== undefined).length
    expect([byShort.rows.length, byAstro.rows.length]).toEqual([expected, expected])
    expect(await findDrift(short.database.sql)).toEqual([])
    expect(await findDrift(astro.database.sql)).toEqual([])
  })

  test('count ignored clicks, by reason', async () => {
    for (const { site } of [short, astro]) {
      const { body } = await ask(site, '/api/v1/promo/metrics')
      for (const reason of ['unreadable', 'untracked']) {
        expect(body).toMatch(new RegExp(`promo_redirects_total\\{click="${reason}"\\} [1-9]`))
      }
      for (const reason of ['unknown_variation', 'other_slug']) {
        expect(body).toMatch(new RegExp(`promo_events_rejected_total\\{reason="${reason}"\\} [1-9]`))
      }
      expect(body).toContain('promo_rejects 0')
      expect(body).toMatch(/promo_damaged_links_total 2\d/)
    }
  })

  test("show the site's own page if there is no link", async () => {
    const { status, headers, body } = await ask(short.site, '/nope')
    expect([status, headers['content-type']]).toEqual([404, 'text/html'])
    expect(body).toContain('The Daily Brief')
  })
})

test('a doubled slash in front does not matter', async () => {
  for (const { site } of [short, astro]) {
    const { status, headers } = await ask(site, '//nocodemba')
    expect([status, headers.location]).toEqual([
      307,
      'https://merchant.example/course?ref=daily&utm_source=dailybrief',
    ])
  }
})

describe('a request that names the whole URL', () => {
  test('an invalid Host breaks no redirect, and shows no other page than the requested one', async () => {
    const headers = { ...browser, host: 'user@localhost' }
    const redirect = await ask(short.site, '/nocodemba?promo_var=1', { method: 'HEAD', headers })
    expect(redirect.status).toBe(307)
    for (const path of ['/analytics', '/api/v1/promo/health', '/sign-in', '/nothing-here'])
      expect(await ask(short.site, path, { headers })).toMatchObject({
        status: 400,
        body: expect.stringContaining('"host":"must be a name'),
      })
  })

  test.each(['http://proxy.example', 'HTTPS://localhost:1', 'http://user@[::1]:80'])(
    '%s/…',
    async (origin) => {
      const target = `${origin}/nocodemba?promo_var=42`
      expect(await ask(short.site, target, { method: 'HEAD' })).toMatchObject({
        status: 307,
        headers: { location: 'https://merchant.example/course?ref=daily&utm_source=dailybrief' },
      })
      expect(await ask(short.site, `${origin}/robots.txt`)).toMatchObject({ status: 200 })
      const [front, named] = [await ask(short.site, '/'), await ask(short.site, origin)]
      expect([named.status, named.body]).toEqual([200, front.body])
      expect(await ask(short.site, `${origin}?a=b`)).toMatchObject({ status: 200 })
      expect(await ask(short.site, `${origin}/api/v1/promo/health/live`)).toMatchObject({ status: 200 })
    },
  )
})

describe('a method that is not supported', () => {
  test.each(['/', '/nocodemba?promo_var=42', '/nope', '/robots.txt', '/api/v1/promo/health', '/analytics'])(
    'TRACE %s is a plain 405',
    async (path) => {
      const { status, headers, body } = await ask(short.site, path, { method: 'TRACE' })
      expect([status, body, headers.allow]).toEqual([405, '', 'GET, HEAD'])
    },
  )

  test('is not a server error', async () => {
    for (const method of ['OPTIONS', 'PROPFIND', 'LINK'])
      for (const path of ['/', '/nope', '/robots.txt', '*'])
        expect((await ask(short.site, path, { method })).status).toBeLessThan(500)
    const { hostname, port } = new URL(short.site.url)
    const socket = connect(Number(port), hostname)
    socket.end('CONNECT merchant.example:443 HTTP/1.1\r\nHost: merchant.example\r\n\r\n')
    await once(socket.resume(), 'close')
    expect((await ask(short.site, '/nocodemba')).status).toBe(307)
  })
})

test.each(['/nocodemba%A0', '/nocodemba%', '/nocodemba%E2%80', '/%A0nocodemba'])(
  'invalid UTF-8 at the ends of a link does not change where it leads: %s',
  async (path) => {
    const { status, headers } = await ask(short.site, `${path}?promo_var=zz`)
    expect([status, headers.location]).toEqual([307, course])
  },
)

test('a promo link with two slashes at its end is answered at once, and its click recorded', async () => {
  const clicks = async () => (await rowsOf(short)).filter((row) => row.variation_id === 43).length
  const before = await clicks()
  const headers = { ...browser, 'x-forwarded-for': '198.18.1.1' }
  expect(await ask(short.site, '/nocodemba//?promo_var=43', { headers })).toMatchObject({
    status: 307,
    headers: { location: course },
  })
  await untilFlushed(short.site)
  expect(await clicks()).toBe(before + 1)
})

describe('a path that is no promo link', () => {
  test.each(['/a/b/c', '/%zz', '/nocodemba/more', '/_astro/none.css'])('is not found: %s', async (path) => {
    const { status, headers } = await ask(short.site, path)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(headers.location).toBeUndefined()
  })

  test('with two slashes at its end is redirected by the site', async () => {
    expect(await ask(short.site, '/nope//')).toMatchObject({ status: 301, headers: { location: '/nope/' } })
  })

  test('is served if it is a page or a file', async () => {
    expect(await ask(short.site, '/')).toMatchObject({
      status: 200,
      headers: { 'content-type': expect.stringContaining('html') },
    })
    expect(await ask(short.site, '/robots.txt')).toMatchObject({ status: 200 })
    expect(await ask(short.site, '/favicon.svg')).toMatchObject({ status: 200 })
  })

  test('does not reach Astro’s image endpoint, since no page has images', async () => {
    expect(await ask(short.site, '/_image?href=/favicon.svg&w=10')).toMatchObject({ status: 404 })
  })
})
