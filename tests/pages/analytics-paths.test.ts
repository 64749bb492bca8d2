import { SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { anImpression } from '../support/events.ts'
import { recordImpressions } from '../support/record.ts'
import { ask, type RawRequest, type RunningSite, runSite } from './running-site.ts'

let running: RunningSite
let cookie = ''

beforeAll(async () => {
  running = await runSite()
  const { sql } = running.database
  await recordImpressions(sql, [anImpression({ at: Date.now(), recipients: 7_123_456 })])
  const [editor] = await sql`
    insert into promo_editors (name, password_hash) values ('anna', 'none') returning id, session_version
  `
  const secret = new Uint8Array(32).fill(7)
  await sql`insert into promo_session_secret (secret) values (${Buffer.from(secret)})`
  const token = await new SignJWT({ id: editor?.id, version: editor?.session_version })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('anna')
    .setAudience('promo-editor')
    .setIssuedAt()
    .setExpirationTime('1 hour')
    .sign(secret)
  cookie = `promo_session=${token}`
})
afterAll(() => running?.end())

/** What a page of the analytics has, and no other page. */
const figures =
  /7,123,456|7123456|No Code MBA|aria-label="Pages"|Show the figures|No such offer|Back in a minute/

const pages = ['/analytics', '/analytics/sends', '/analytics/offers/4', '/analytics/unavailable']

test('with a session the pages show the figures that the next tests look for', async () => {
  expect(await leaks(pages, { headers: { cookie } })).toEqual(pages.slice(0, 3).map((path) => `${path} 200`))
})

/** Ways to write a path that one program may take for another path than the next. */
const writings = [
  (path: string) => path,
  (path: string) => `${path}/`,
  (path: string) => `${path}//`,
  (path: string) => `${path}?days=7`,
  (path: string) => `${path}?next=/sign-in`,
  (path: string) => `${path}%3Fdays=7`,
  (path: string) => `${path}#/sign-in`,
  (path: string) => `${path};x`,
  (path: string) => `${path};/sign-in`,
  (path: string) => `${path}.html`,
  (path: string) => `${path}.json`,
  (path: string) => `${path}/index`,
  (path: string) => `${path}/index.html`,
  (path: string) => `${path}%2f`,
  (path: string) => `${path}%2F%2e`,
  (path: string) => `${path}%00`,
  (path: string) => `${path}%20`,
  (path: string) => `${path}%0a`,
  (path: string) => `${path}%ff`,
  (path: string) => `${path}\\`,
  (path: string) => `${path}/.`,
  (path: string) => `${path}/%2e`,
  (path: string) => `/${path}`,
  (path: string) => `//${path}`,
  (path: string) => `/.${path}`,
  (path: string) => `/%2e${path}`,
  (path: string) => `/x/..${path}`,
  (path: string) => `/sign-in/..${path}`,
  (path: string) => `/sign-in/%2e%2e${path}`,
  (path: string) => `/sign-in/..%2f${path.slice(1)}`,
  (path: string) => `/sign-in%2f..${path}`,
  (path: string) => `/_astro/..${path}`,
  (path: string) => `/\\${path.slice(1)}`,
  (path: string) => `/%5c${path.slice(1)}`,
  (path: string) => `${path}/..${path}`,
  (path: string) => path.replace('/analytics', '/Analytics'),
  (path: string) => path.replace('/analytics', '/ANALYTICS'),
  (path: string) => path.replace('/analytics', '/%61nalytics'),
  (path: string) => path.replace('/analytics', '/%41nalytics'),
  (path: string) => path.replace('/analytics', '/%2561nalytics'),
  (path: string) => path.replace('/analytics', '/%252561nalytics'),
  (path: string) => path.replace('/analytics', '/analytic%73'),
  (path: string) => path.replace('/analytics', '/analytics%2fx%2f..'),
  (path: string) => path.replace('/analytics', '/ａnalytics'),
  (path: string) => path.replace('/analytics', '/anal%79tic%73'),
  (path: string) => path.replaceAll('/', '%2f').replace('%2f', '/'),
  (path: string) => path.replaceAll('/', '//'),
  (path: string) => path.replaceAll('/', '/./'),
  (path: string) => path.replaceAll('/', '/%2e/'),
  (path: string) => `http://localhost${path}`,
  (path: string) => `http://sign-in${path}`,
  (path: string) => `http://localhost/sign-in/..${path}`,
]

const paths = [...new Set(pages.flatMap((page) => writings.map((write) => write(page))))]

/** Those of the paths that show figures, or that nobody answers. */
async function leaks(asked: readonly string[], request: RawRequest): Promise<string[]> {
  const found: string[] = []
  for (const path of asked) {
    const { status, body } = await ask(running.site, Buffer.from(path).toString('latin1'), request)
    if (figures.test(body) || status >= 500) found.push(`${path} ${status}`)
  }
  return found
}

test.each(['GET', 'HEAD', 'POST', 'OPTIONS'])(
  'without a session no spelling of a path shows figures, %s',
  async (method) => {
    expect(await leaks(paths, { method })).toEqual([])
  },
)

/** Headers in which a proxy names the requested address: here a visitor sends them. */
const said: Record<string, string>[] = [
  { 'x-forwarded-proto': 'x:analytics?' },
  { 'x-forwarded-proto': 'https://sign-in/analytics?' },
  { 'x-forwarded-proto': 'http://localhost/sign-in?' },
  { 'x-forwarded-host': 'localhost/sign-in?' },
  { 'x-forwarded-host': 'localhost/sign-in#' },
  { 'x-forwarded-host': 'localhost/analytics?' },
  { 'x-forwarded-port': '80/sign-in?' },
  { 'x-forwarded-host': 'a', 'x-forwarded-port': '80/analytics?' },
  { host: 'localhost/sign-in?' },
  { host: 'localhost/analytics?' },
  { 'x-forwarded-prefix': '/sign-in' },
  { 'x-forwarded-path': '/sign-in' },
  { 'x-original-url': '/analytics' },
  { 'x-rewrite-url': '/analytics' },
  { 'x-astro-path': '/analytics' },
  { 'x-astro-route': '/analytics' },
  { 'x-middleware-subrequest': 'middleware' },
  { 'x-astro-reroute': '/analytics' },
]

test.each(said)('without a session no path shows figures, with %o', async (headers) => {
  const asked = [...pages, '/', '/sign-in', '/nope', '/nope/x', '/%61nalytics']
  expect(await leaks(asked, { headers: { 'x-forwarded-for': '192.0.2.7', ...headers } })).toEqual([])
})
