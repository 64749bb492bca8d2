import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { basename } from 'node:path'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { SignJWT } from 'jose'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { KeysUnavailable } from '../../src/lib/auth/remote-keys.ts'
import { describeTokenFault } from '../../src/lib/auth/token-fault.ts'
import { createLog } from '../../src/lib/base/log.ts'
import { hashOfSecret } from '../../src/lib/conversions/postback.ts'
import { type Answer, faultAnswer, siteNotStarted } from '../../src/lib/http/answer.ts'
import { bodyTooSlow, longestWait } from '../../src/lib/http/bodies.ts'
import { endpointLimits, guard } from '../../src/lib/open/guard.ts'
import { openApiDocument } from '../../src/lib/openapi/document.ts'
import { endpoints } from '../../src/lib/openapi/endpoints.ts'
import { createMetrics } from '../../src/lib/operations/metrics.ts'
import { savePostback } from '../../src/lib/store/postbacks.ts'
import { aClick, aHash, anImpression } from '../support/events.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'
import { settleAll } from '../support/settled.ts'
import { type ApiSite, jsonOf, runApiSite } from './api-site.ts'
import { ask, askHost, type RawAnswer, untilFlushed } from './running-site.ts'

const file = 'src/lib/openapi/examples.json'
const secret = 'a-secret-of-thirty-two-characters'
const webhookSecret = 'a-secret-of-the-webhook'
const root = '/api/v1/promo'

let api: ApiSite
beforeAll(async () => {
  api = await runApiSite({
    PROMO_JWT_SECRET: secret,
    PROMO_JWT_AUDIENCE: 'promo-analytics',
    PROMO_STRAPI_WEBHOOK_SECRET: webhookSecret,
  })
})
afterAll(() => api?.end())

const reader = async (audience = 'promo-analytics') => ({
  ...api.fresh(),
  authorization: `Bearer ${await new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setAudience(audience)
    .setExpirationTime('1 minute')
    .sign(new TextEncoder().encode(secret))}`,
})

/** Kinds of values in place of values; of a list, the kinds of its rows. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return [...new Set(value.map((one) => JSON.stringify(shapeOf(one))))].sort()
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, shapeOf(inner)])
      .toSorted(([one], [other]) => String(one).localeCompare(String(other))),
  )
}

const written = (answer: Answer): unknown => JSON.parse(String(answer.body))

/** The specification's example: 150 recipients of an offer, 23 clicks. */
async function recordHistory(): Promise<void> {
  const noon = (Math.floor(Date.now() / 86_400_000) - 4.5) * 86_400_000
  await recordImpressions(api.sql, [
    anImpression({ at: noon, variation_id: 42, recipients: 90, newsletter_send_id: '2025-10-18-daily' }),
    anImpression({ at: noon, variation_id: 43, recipients: 60, newsletter_send_id: '2025-10-18-daily' }),
  ])
  await recordClicks(
    api.sql,
    Array.from({ length: 23 }, (_, index) =>
      aClick({
        at: noon + index * 60_000,
        variation_id: index < 18 ? 42 : 43,
        ip_hash: aHash(index),
        device: 'phone',
      }),
    ),
  )
  const url = api.url
  const database = patientDatabase(() => url, 1)
  await settleAll(database)
  await database.close()
}

const impression = { offer_id: 4, variation_id: 42, newsletter_send_id: '2025-10-19-daily', recipients: 1200 }
const click = { variation_id: 42, referrer: 'gmail_app', ip_address: '203.0.113.7' }
const conversion = {
  ...{ external_id: 'order-1042', source: 'network', click_id: '06dg3db86llopaohqg2p9jjs3s' },
  ...{ amount: '12.50', currency: 'EUR', status: 'pending' },
}
const webhook = { event: 'entry.update', model: 'affiliate-link', entry: { id: 1 } }

const tell = (body: unknown) =>
  ask(api.site, `${root}/track-conversion`, {
    method: 'POST',
    headers: { ...api.fresh(), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

async function addressOfPostback(): Promise<string> {
  const postback = { source: 'network', secret_hash: hashOfSecret('of-the-network'), parameters: {} }
  await savePostback(api.sql, 'nocodemba', postback)
  const query = { link: 'nocodemba', secret: 'of-the-network', ...conversion }
  return `postback?${new URLSearchParams(query)}`
}

async function readContents() {
  const headers = await reader()
  const send = '?newsletter_send_id=2025-10-19-daily'
  const sections = ['variations', 'timeline', 'statistics', 'sends', 'devices']
  const includes = sections.map((name) => `include_${name}=true`).join('&')
  const get = (path: string, sent: Record<string, string> = api.fresh()) =>
    ask(api.site, `${root}/${path}`, { headers: sent })
  expect(await api.impression(impression)).toMatchObject({ status: 204 })
  expect(await api.click(click)).toMatchObject({ status: 204 })
  expect(await tell(conversion)).toMatchObject({ status: 204 })
  expect(
    await ask(api.site, `${root}/links/changed`, {
      method: 'POST',
      headers: { authorization: `Bearer ${webhookSecret}`, 'content-type': 'application/json' },
      body: JSON.stringify(webhook),
    }),
  ).toMatchObject({ status: 204 })
  await untilFlushed(api.site)
  const metrics = (await get('metrics')).body
  return {
    promo: jsonOf(await api.select(send)),
    segments: jsonOf(await api.select(`?newsletter_send_id=2025-10-20-daily&segments=2`)),
    blocks: jsonOf(await api.select(`${send}&blocks=html,text`)),
    impression,
    click,
    conversion,
    taken: (await get(await addressOfPostback())).body,
    webhook,
    report: jsonOf(await get(`analytics?offer_id=4&days=7&${includes}`, headers)),
    csv: (await get('analytics?offer_id=4&days=7&include_variations=true&format=csv', headers)).body,
    health: jsonOf(await get('health')),
    liveness: jsonOf(await get('health/live')),
    metrics: /# HELP promo_journal_depth.*?(?=\n#)/s.exec(metrics)?.[0],
  }
}

async function readFaults() {
  await tell(conversion)
  const uuid = '0190b5a4-7c1e-7cc3-9a55-0123456789ab'
  const post = (headers: Record<string, string>, body: string | Buffer) =>
    ask(api.site, `${root}/track-click`, { method: 'POST', headers: { ...api.fresh(), ...headers }, body })
  await api.click({ variation_id: 42, event_id: uuid })
  await api.impression({ ...impression, newsletter_send_id: 'ai-weekly-7', newsletter: 'AI weekly' })
  const rushing = api.fresh()
  let rushed: RawAnswer = await api.select('', rushing)
  for (let count = 0; count < 100; count += 1) rushed = await api.select('', rushing)
  const type = { 'content-type': 'application/json' }
  const path = `${root}/analytics`
  const broken = await guard(
    {
      token: undefined,
      webhookSecret: undefined,
      refuseReader: async () => undefined,
      limits: endpointLimits(),
      metrics: createMetrics(),
      log: createLog('silent'),
    },
    'analytics',
    { request: new Request('http://site.example'), client: { address: '', forwarded: false, local: false } },
    () => Promise.reject(new Error('broken')),
  )
  const wanted = { algorithms: [], issuer: undefined, audience: undefined, published: true }
  const keys = describeTokenFault(new KeysUnavailable(), wanted)
  return {
    forbidden: jsonOf(await ask(api.site, path, { headers: await reader('another-service') })),
    not_found: jsonOf(await ask(api.site, `${root}/clicks`)),
    method_not_allowed: jsonOf(await ask(api.site, `${root}/track-click`)),
    body_too_slow: written(faultAnswer(bodyTooSlow(longestWait))),
    event_id_reused: jsonOf(await api.click({ variation_id: 43, event_id: uuid })),
    newsletter_differs: jsonOf(
      await api.impression({ ...impression, newsletter_send_id: 'ai-weekly-7', newsletter: 'The Daily' }),
    ),
    conversion_differs: jsonOf(await tell({ ...conversion, click_id: '0'.repeat(26) })),
    body_too_large: jsonOf(await post(type, ' '.repeat(20_000))),
    unsupported_media_type: jsonOf(await post({ ...type, 'content-encoding': 'gzip' }, gzipSync('{}'))),
    rate_limited: jsonOf(rushed),
    internal_error: written(broken),
    keys_unavailable: written(
      faultAnswer({ error: 'keys_unavailable', ...(keys && { message: keys.message }) }),
    ),
    site_not_started: written(faultAnswer(siteNotStarted)),
  }
}

/** Sends the first byte of a body that is to have so many, and nothing more. */
const announce = (method: string, path: string, length: number): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(api.site.url)
    const headers = {
      ...api.fresh(),
      ...{ 'content-type': 'application/json', 'content-length': `${length}` },
      authorization: `Bearer ${webhookSecret}`,
    }
    const sent = request({ hostname, port, method, path: `${root}${path}`, headers }, async (response) => {
      const body = await text(response)
      sent.destroy()
      resolve({ status: response.statusCode ?? 0, headers: {}, body })
    })
    sent.on('error', reject)
    sent.write('{')
  })

/** The errors that only one endpoint has, by its name. */
async function readOwn() {
  const bodyOf = async (path: string) =>
    jsonOf(await ask(api.site, `${root}/${path}`, { headers: await reader() }))
  const changed = await announce('POST', '/links/changed', 2 ** 20 + 1)
  return {
    selectRandom: { validation_error: jsonOf(await api.select('?segments=9')) },
    trackImpression: { validation_error: jsonOf(await api.impression({ ...impression, offer_id: 999 })) },
    trackClick: { validation_error: jsonOf(await api.click({ ...click, ip_address: 'unknown' })) },
    trackConversion: { validation_error: jsonOf(await tell({ ...conversion, amount: '12,50' })) },
    takePostback: {
      validation_error: jsonOf(
        await ask(api.site, `${root}/postback?link=nocodemba&secret=of-the-network&status=paid`),
      ),
    },
    readAnalytics: { validation_error: await bodyOf('analytics?days=0') },
    linksChanged: { body_too_large: jsonOf(changed) },
  }
}

const readInvalidHost = async () =>
  jsonOf(await ask(api.site, `${root}/health`, { headers: { host: 'www.example.com/path' } }))

/** The errors for a missing or wrong token, by the kind of token that the endpoint needs. */
async function readRefusals() {
  const postJson = (path: string) =>
    ask(api.site, path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
  return {
    ingest: jsonOf(await postJson(`${root}/track-conversion`)),
    webhook: jsonOf(await postJson(`${root}/links/changed`)),
    reader: jsonOf(await ask(api.site, `${root}/analytics`)),
    anybody: jsonOf(await ask(api.site, `${root}/postback?link=nocodemba&secret=guessed`)),
  }
}

/** What is answered while the database is away, which it is from then on. */
async function readOutage() {
  const admin = postgres(inject('serverUrl'), { max: 1 })
  const name = new URL(api.url).pathname.slice(1)
  await admin`alter database ${admin(name)} with allow_connections false`
  await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`
  const faults = {
    tracking_failed: jsonOf(await api.impression({ ...impression, newsletter_send_id: '2025-10-21-daily' })),
    database_unavailable: jsonOf(await api.select()),
  }
  const degraded = jsonOf(await ask(api.site, `${root}/health`))
  await admin`alter database ${admin(name)} with allow_connections true`
  await admin.end()
  await untilFlushed(api.site)
  return { faults, degraded }
}

test('the examples of the description are real answers; EXAMPLES=write updates them', async () => {
  await api.sql`update promo_offers set active = false where id = 5`
  await recordHistory()
  const contents = await readContents()
  const faults = await readFaults()
  const unauthorized = await readRefusals()
  const own = await readOwn()
  const invalidHost = await readInvalidHost()
  const outage = await readOutage()
  await api.sql`update promo_offers set active = false`
  const none = jsonOf(await api.select())
  const taken = {
    contents: { ...contents, degraded: outage.degraded },
    faults: { ...faults, ...outage.faults, no_eligible_promo: none },
    ...{ unauthorized, own, invalidHost },
  }
  if (process.env.EXAMPLES === 'write') writeFileSync(file, `${JSON.stringify(taken, null, 2)}\n`)
  const kept: unknown = JSON.parse(readFileSync(file, 'utf8'))
  expect(shapeOf(kept)).toEqual(shapeOf(taken))
  // Of the same shape, and each about its own token.
  expect(kept).toMatchObject({ unauthorized })
})

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

test('each endpoint says which answers it gives to a method and to a body, and no others', async () => {
  for (const { path, method, head, body } of endpoints) {
    const at = `${root}${path}`
    const own = method.toUpperCase()
    const operation = openApiDocument().paths[path]?.[method]
    const statuses = Object.keys(operation?.responses ?? {}).map(Number)
    for (const other of methods.filter((one) => one !== own && !(one === 'HEAD' && head))) {
      const answer = await askHost(api.site, at, { method: other, headers: api.fresh() })
      expect([path, other, answer.status, answer.headers.allow]).toEqual([path, other, 405, own])
    }
    const large = await announce(own, path, 2 ** 20 + 1)
    expect([path, large.status]).toEqual([path, 413])
    expect([path, statuses.filter((status) => [405, 408, 413].includes(status))]).toEqual([
      path,
      body ? [408, 413] : [],
    ])
  }
})

test('a slow body is answered whether the endpoint accepts a body or not', async () => {
  const answers = await Promise.all(
    endpoints.map(({ method, path }) => announce(method.toUpperCase(), path, 10)),
  )
  expect(answers.map(({ status }) => status)).toEqual(endpoints.map(() => 408))
})

test('the description is public, and cached by clients', async () => {
  const path = `${root}/openapi.json`
  const first = await ask(api.site, path, { headers: { host: 'www.example.com' } })
  expect(first).toMatchObject({
    status: 200,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'public, max-age=300',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    },
  })
  expect(jsonOf(first)).toMatchObject({ openapi: '3.1.0' })
  const known = { 'if-none-match': first.headers.etag ?? '' }
  expect(await ask(api.site, path, { headers: known })).toMatchObject({ status: 304, body: '' })
  expect(await ask(api.site, path, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  expect(await ask(api.site, path, { method: 'DELETE' })).toMatchObject({
    status: 405,
    headers: { allow: 'GET' },
  })
})

/** What a reader of the page sees, on one line. */
const seen = (html: string): string =>
  html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/&(?:quot|#34);/g, '"')
    .replaceAll(/&#39;/g, "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')

/** Every text of the description that is for its readers, and every name, with what is in it. */
function textsOf(value: unknown, key = ''): string[] {
  if (typeof value === 'string') return ['description', 'summary', 'name'].includes(key) ? [value] : []
  if (typeof value !== 'object' || value === null) return []
  if (key === 'value') return []
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(['properties', 'responses', 'headers', 'examples', 'schemas', 'paths'].includes(key) ? [name] : []),
    ...textsOf(inner, name),
  ])
}

test('a page shows people the whole description, without a script', async () => {
  const { status, headers, body } = await ask(api.site, '/api/v1/promo/reference')
  expect([status, headers['content-type']]).toEqual([200, expect.stringMatching(/^text\/html/)])
  expect(headers).toMatchObject({
    'content-security-policy': expect.stringMatching(/^default-src 'none'; .*frame-ancestors 'none'/),
    'x-content-type-options': 'nosniff',
    'x-robots-tag': 'noindex',
  })
  expect(body).not.toMatch(/<script|\son\w+=|style=/)
  const page = seen(body).replaceAll(/\s/g, '')
  const { info, paths, components } = openApiDocument()
  const described: unknown = JSON.parse(JSON.stringify({ ...{ paths, components }, info: info.description }))
  // A sentence of the endpoint that answers GET covers HEAD.
  const texts = textsOf(described).filter((text) => !/, without a body$/.test(text))
  expect(texts.length).toBeGreaterThan(400)
  expect(texts.filter((text) => !page.includes(text.replaceAll(/[`\s]/g, '')))).toEqual([])
  const anchors = new Set([...body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))
  const links = [...body.matchAll(/ href="#([^"]+)"/g)].map(([, id]) => id)
  expect(links.filter((id) => !anchors.has(id))).toEqual([])
  expect(body).toContain('2025-10-19-daily')
})

test('every guide is found from the list of guides, with a slash at its end or not', async () => {
  const guides = globSync('src/sample-site/pages/docs/*.md').map((file) => `/docs/${basename(file, '.md')}`)
  for (const path of ['/docs', '/docs/']) {
    const { status, body } = await ask(api.site, path)
    const links = [...body.matchAll(/<h3>\s*<a href="([^"]+)"/g)].map(([, link = '']) => link)
    expect([status, links.toSorted()]).toEqual([200, [...guides, '/api/v1/promo/reference'].toSorted()])
    for (const link of links) expect(await ask(api.site, link)).toMatchObject({ status: 200 })
  }
  expect(await ask(api.site, '/docs/index.md')).toMatchObject({ status: 308, headers: { location: '/docs' } })
})
