import { globSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { anyOf } from '../../src/lib/classify/any-of.ts'
import type { Sql } from '../../src/lib/database/sql.ts'
import { type AstroSite, buildAstroSite } from '../support/astro-site.ts'
import { insertPromos } from '../support/database.ts'
import { insertQuickEditor } from '../support/editor.ts'
import { anImpression } from '../support/events.ts'
import { temporaryFolder } from '../support/folders.ts'
import { recordImpressions } from '../support/record.ts'
import { type SiteProcess, startSiteProcess } from '../support/site.ts'
import { ask, askHost, type RunningSite, runSite } from './running-site.ts'

/** Every route of ours by the path that leads to it, as the folder has them. */
const routes = globSync('src/pages/**/*.{astro,ts}')
  .map((file) => `/${file.replace(/^src\/pages\/|\.(astro|ts)$/g, '')}`.replace(/\/?index$/, '') || '/')
  .map((path) => path.replace('[id]', '4').replace('[slug]', 'nocodemba').replace('[...endpoint]', 'nope'))

/** Those that are for everybody. Whatever else is in the folder has to be closed. */
const api = '/api/v1/promo'
const open = [
  '/nocodemba',
  '/sign-in',
  `${api}/health`,
  `${api}/health/live`,
  `${api}/nope`,
  `${api}/openapi.json`,
  `${api}/reference`,
]
const closed = routes.filter((route) => !open.includes(route))
const pages = closed.filter((route) => route.startsWith('/analytics') && !route.endsWith('/unavailable'))

test('the tests find every page and endpoint', () => {
  expect(routes).toEqual(expect.arrayContaining(open))
  expect(pages).toEqual(expect.arrayContaining(['/analytics', '/analytics/sends', '/analytics/offers/4']))
  expect(closed).toEqual(expect.arrayContaining(['/sign-out', '/api/v1/promo/analytics']))
})

/** What a page or an export of the analytics has, and nothing else. */
const figures = anyOf(
  /7,123,456|7123456|No Code MBA|aria-label="Pages"|Show the figures|No such offer|Back in a minute/,
  /promo_redirects_total/,
)

/** Ways to write a path that one part of a program may take for another path than the next. */
const writings: ((path: string) => string)[] = [
  (path) => path,
  (path) => `${path}/`,
  (path) => `${path}.html`,
  (path) => `${path}/index.html`,
  (path) => `${path}/index`,
  (path) => `${path}?days=7`,
  (path) => `${path};x`,
  (path) => `${path}%20`,
  (path) => `/${path}`,
  (path) => `/sign-in/..${path}`,
  (path) => `/sign-in/%2e%2e${path}`,
  (path) => `/%2e${path}`,
  (path) => path.toUpperCase(),
  (path) => path.replaceAll('/', '//'),
  (path) => path.replaceAll('/', '%2f').replace('%2f', '/'),
  (path) => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
  (path) => path.replace(/[a-z]/, (letter) => `%25${letter.charCodeAt(0).toString(16)}`),
  (path) => path.replace('analytics', 'analytic%73'),
  (path) => `http://localhost${path}`,
  (path) => `http://sign-in${path}`,
]

/** What anybody may send along; through a proxy, so that nobody counts as a caller on this machine. */
const headers = { 'x-forwarded-for': '203.0.113.7', host: 'site.example' }

/** Paths that show what they should not, or that nobody answers. */
async function leaks(site: SiteProcess, paths: readonly string[], method: string): Promise<string[]> {
  const found: string[] = []
  const agent = new Agent({ keepAlive: true, maxSockets: 20 })
  const look = async (path: string) => {
    const { status, body } = await askHost(site, path, { method, headers, agent })
    if (figures.test(body) || status >= 500) found.push(`${method} ${path} ${status}`)
  }
  for (let at = 0; at < paths.length; at += 20) await Promise.all(paths.slice(at, at + 20).map(look))
  agent.destroy()
  return found
}

const password = 'correct horse battery'
const siteUrl = 'https://site.example'

async function prepare(sql: Sql): Promise<void> {
  await insertPromos(sql)
  await recordImpressions(sql, [anImpression({ at: Date.now(), recipients: 7_123_456 })])
}

/** The cookie of somebody who has signed in through the page of the site itself. */
async function signIn({ site, database }: RunningSite, path: string): Promise<string> {
  await insertQuickEditor(database.sql, { name: 'anna', password })
  const answer = await ask(site, path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: site.url },
    body: new URLSearchParams({ name: 'anna', password }).toString(),
  })
  return answer.headers['set-cookie']?.split(';')[0] ?? ''
}

/** A page of the host's own, which shows its own address and the client's, as it sees them. */
const where = `
export const prerender = false
export const GET = ({ url, request, clientAddress, redirect }) => {
  const broken = () => { throw new Error('a page of the host broke') }
  if (url.searchParams.has('throw')) setTimeout(broken)
  if (url.searchParams.has('reject')) void (async () => broken())()
  return url.searchParams.has('on') ? redirect(url.origin) : new Response([url, request.url, clientAddress].join(' '))
}
`

/** Our pages under a server that opens nothing of ours. */
const bare = `
import { createServer } from 'node:http'
import { handler } from '${resolve('build/pages/server/entry.mjs')}'
const server = createServer((request, response) => handler(request, response, () => response.end('none')))
server.listen(0, '127.0.0.1', () =>
  console.log('"url":"http://127.0.0.1:' + server.address().port + '" "listening"'))
process.on('SIGTERM', () => process.exit(0))
`

type Foreign = {
  name: string
  settings: string
  options?: string
  files?: Record<string, string>
  base: string
  root?: string
  slash?: string
  prefixes: string[]
}

const foreign: Foreign[] = [
  {
    name: 'base',
    settings: "base: '/news'",
    files: { 'src/pages/where.ts': where },
    base: '/news',
    prefixes: ['', '/news', '/news/news'],
  },
  {
    name: 'pages as files, in two languages, and a prefix for ours',
    settings: `build: { format: 'file' }, i18n: { locales: ['en', 'es'], defaultLocale: 'en',
      fallback: { es: 'en' }, routing: { fallbackType: 'rewrite', prefixDefaultLocale: true } }`,
    options: "{ prefix: '/promo' }",
    files: { 'src/pages/en/index.astro': '<p>home</p>' },
    base: '',
    root: '/promo',
    prefixes: ['', '/es', '/en', '/promo', '/promo/es', '/es/promo'],
  },
  {
    name: 'a slash at every end',
    settings: "trailingSlash: 'always', security: { checkOrigin: false }",
    slash: '/',
    base: '',
    prefixes: [''],
  },
]

describe.each(foreign)('a site with $name', (site) => {
  const { settings, options, files, base, root = base, prefixes, slash = '' } = site
  const at = (path: string) =>
    `${path.startsWith('/where') || path === '/nocodemba' ? base : root}${path}${slash}`
  let built: AstroSite
  let running: RunningSite
  let cookie = ''
  beforeAll(async () => {
    built = await buildAstroSite({ settings, options, files })
    running = await runSite({ SITE_URL: siteUrl }, { program: built.program, prepare })
    cookie = await signIn(running, at('/sign-in'))
  })
  afterAll(async () => {
    await running?.end()
    built?.remove()
  })

  test('shows its figures to people who are signed in', async () => {
    for (const path of pages) {
      const { status, body, headers } = await ask(running.site, at(path), {
        headers: { cookie },
      })
      expect([path, status]).toEqual([path, 200])
      expect(body).toContain('7,123,456')
      expect(headers).toMatchObject({
        'cache-control': 'private, no-store',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
      })
    }
  })

  // Whoever asks with HEAD gets no body, so nothing can be found in it: the answer has to be that of GET.
  test.each(['GET', 'HEAD'])(
    'sends everybody else to the sign-in page, and refuses programs: %s',
    async (method) => {
      for (const path of closed) {
        const answer = await ask(running.site, at(path), { method, headers })
        const page = path.startsWith('/analytics')
        expect([path, answer.status]).toEqual([path, page ? 303 : expect.toBeOneOf([401, 405])])
        if (page) expect(answer.headers.location).toMatch(new RegExp(`^${root}/sign-in\\?next=`))
        if (page) expect(answer.headers['cache-control']).toBe('private, no-store')
      }
    },
  )

  test.each(['GET', 'POST', 'OPTIONS'])('has no path to anything protected: %s', async (method) => {
    const paths = closed.flatMap((path) =>
      prefixes.flatMap((prefix) =>
        writings.flatMap((write) => [`${prefix}${write(path)}`, write(`${prefix}${path}`)]),
      ),
    )
    expect(await leaks(running.site, [...new Set(paths)], method)).toEqual([])
  })

  test('does not trust what a stranger says about its address', async () => {
    const says = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'evil',
      'x-forwarded-port': '6666',
      forwarded: 'host=evil.example;proto=evil',
      'x-original-host': 'evil.example',
    }
    for (const path of [...routes, '/where', '/where?on', '/nope']) {
      for (const host of ['localhost', '127.0.0.1:4321', 'site.example']) {
        const answer = await ask(running.site, at(path), { headers: { ...says, host } })
        expect(JSON.stringify(answer)).not.toMatch(/evil|6666/)
      }
    }
  })

  test.runIf(files?.['src/pages/where.ts'])(
    'still redirects after uncaught errors in the host’s pages',
    async () => {
      for (const fault of ['throw', 'reject']) await ask(running.site, `${at('/where')}?${fault}`)
      const said = () =>
        ['uncaught exception', 'unhandled rejection'].filter((fault) =>
          running.site.log.join().includes(fault),
        )
      await expect.poll(said).toHaveLength(2)
      expect((await ask(running.site, `${base}/nocodemba?promo_var=42`)).status).toBe(307)
    },
  )

  test('accepts no form from another site', async () => {
    for (const path of ['/sign-in', '/sign-out']) {
      for (const origin of ['https://evil.example', 'null']) {
        const answer = await ask(running.site, at(path), {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded', origin, cookie },
          body: new URLSearchParams({ name: 'anna', password, everywhere: 'yes' }).toString(),
        })
        expect([path, origin, answer.status, answer.headers['set-cookie']]).toEqual([
          path,
          origin,
          403,
          undefined,
        ])
      }
    }
    const again = await ask(running.site, at('/api/v1/promo/analytics'), { headers: { cookie } })
    expect(again.status).toBe(200)
  })
})

test('our pages show nothing if a request did not come through our server', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'bare.mjs'), bare)
  const site = await startSiteProcess({ PROMO_DATA_DIR: folder }, join(folder, 'bare.mjs'))
  try {
    for (const path of [...closed, '/sign-in', '/api/v1/promo/health']) {
      for (const method of ['GET', 'POST']) {
        const { status, body } = await ask(site, path, { method, headers: { origin: site.url } })
        expect([path, method, status]).toEqual([path, method, expect.toBeOneOf([503, 405])])
        expect(body).not.toMatch(figures)
      }
    }
  } finally {
    await site.stop()
  }
})
