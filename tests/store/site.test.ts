import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { finished } from 'node:stream'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { openPromoTracking, type PromoTracking } from '../../src/lib/index.ts'
import { readConfig } from '../../src/lib/settings/config.ts'
import type { Connect } from '../../src/server/connect.ts'
import { createServer } from '../../src/server/create-server.ts'
import { createFront } from '../../src/server/front.ts'
import { type AstroHandler, createOwnPages } from '../../src/server/own-pages.ts'
import { wordsOf } from '../../src/server/own-paths.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { listenForTest } from '../support/listen.ts'
import { makeDataDir, removeDataDir } from '../support/site.ts'

let database: TestDatabase
let opened: PromoTracking
const dataDir = makeDataDir()

beforeAll(async () => {
  database = await createTestDatabase()
  await insertPromos(database.sql)
  const config = readConfig({ DATABASE_URL: database.url, PROMO_DATA_DIR: dataDir })
  if (!config.ok) throw new Error('the settings do not hold')
  const app = await openPromoTracking({ config: config.value, log: createLog('silent') })
  if (!app.ok) throw new Error(app.fault.message)
  opened = app.value
})
afterAll(async () => {
  await opened?.close()
  await database?.drop()
  removeDataDir(dataDir)
})

type Served = {
  /** Astro's handler of our pages, which answers that it has none. */
  astro?: AstroHandler
  /** The site's own handler. */
  site?: Connect
  place?: { base?: string; prefix?: string; strict?: boolean }
  words?: readonly string[]
  /** The folder of our built files. */
  files?: string
} & Partial<PromoTracking>

const page: Connect = ({ url }, response) => {
  response.end(`a page at ${url}`)
}

/** A site on a free port, with what it logs. */
async function serve({
  astro = noPage,
  site = page,
  place = {},
  words = [],
  files = makeDataDir(),
  ...changes
}: Served = {}) {
  const messages: string[] = []
  const log = Object.assign(createLog('silent'), {
    error: (_: unknown, message: string) => messages.push(message),
  })
  const app = { ...opened, log, ...changes }
  const at = { base: '', prefix: '', strict: false, ...place }
  const ownPages = createOwnPages({ app, astro, root: `${at.base}${at.prefix}`, files })
  const front = createFront({ app, site: at, ownPages, pages: new Set([...words, ...wordsOf(at)]) })
  const server = createServer({ front, site, stopping: new AbortController().signal })
  const port = await listenForTest(server)
  onTestFinished(() => removeDataDir(files))
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...init })
    const [type, etag] = ['content-type', 'etag'].map((name) => answer.headers.get(name))
    return { status: answer.status, body: await answer.text(), type, etag }
  }
  /** What a client hears that sends this many bytes once it is told to go on, up to the status. */
  const announce = async (method: string, path: string, bytes: number) => {
    const lines = [
      `${method} ${path} HTTP/1.1`,
      'Host: a',
      'Expect: 100-continue',
      `Content-Length: ${bytes}`,
    ]
    const socket = connect(port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`))
    let heard = ''
    socket.setEncoding('latin1').on('data', (text) => {
      heard += text
      if (heard === goOn) socket.write('x'.repeat(bytes))
      if (/ [2-5]\d\d /.test(heard)) socket.destroy()
    })
    await once(socket, 'close')
    return heard
  }
  return { app, ask, announce, files, messages }
}

const goOn = 'HTTP/1.1 100 Continue\r\n\r\n'

/** What Astro does where it has no page for an address. */
const noPage: AstroHandler = async (_, __, next) => next()

describe('a promo link that throws', () => {
  const broken: Record<string, PromoTracking['answerPromoLink']> = {
    'at once': () => {
      throw new Error('broken')
    },
    later: async () => {
      throw new Error('broken')
    },
  }
  test.each(Object.entries(broken))(
    '%s is logged, and answered as the site answers that path',
    async (_, answerPromoLink) => {
      const { ask, messages } = await serve({ answerPromoLink })
      expect(await ask('/nocodemba')).toMatchObject({ status: 200, body: 'a page at /nocodemba' })
      expect(messages).toEqual(['a promo link failed unexpectedly'])
    },
  )
})

describe('a page of ours that throws', () => {
  test('is logged, with status 500', async () => {
    const { ask, messages } = await serve({
      async astro() {
        throw new Error('broken')
      },
    })
    expect(await ask('/analytics')).toMatchObject({ status: 500, body: '' })
    expect(messages).toEqual(['a page failed unexpectedly'])
  })

  test('after it has begun to answer ends the answer there', async () => {
    const { ask, messages } = await serve({
      async astro(_, response) {
        response.writeHead(200)
        response.write('half')
        throw new Error('broken')
      },
    })
    expect(await ask('/analytics')).toMatchObject({ status: 200, body: 'half' })
    expect(messages).toEqual(['a page failed unexpectedly'])
  })
})

test('a prerendered page has the addresses of its place and an ETag', async () => {
  const { ask, files } = await serve({ place: { base: '/news', prefix: '/promo' } })
  mkdirSync(join(files, 'api/v1/promo/reference'), { recursive: true })
  const html = '<a href="/analytics">a</a> <a href="/other">b</a> <link href="/_promo/x.css">'
  writeFileSync(join(files, 'api/v1/promo/reference/index.html'), html)
  const at = '/news/promo/api/v1/promo/reference'
  const { ask: again } = await serve({ place: { base: '/news', prefix: '/promo' }, files })
  expect(await ask(at)).toMatchObject({ status: 200, body: `a page at ${at}` })
  for (const path of [at, `${at}/`, `${at}?of=x`]) {
    expect(await again(path)).toMatchObject({
      status: 200,
      type: 'text/html; charset=utf-8',
      body: '<a href="/news/promo/analytics">a</a> <a href="/other">b</a> <link href="/news/promo/_promo/x.css">',
    })
  }
  const { etag } = await again(at)
  expect(await again(at, { headers: { 'if-none-match': `${etag}` } })).toMatchObject({
    status: 304,
    body: '',
  })
  expect(await again(at, { method: 'POST' })).toMatchObject({ status: 405 })
  expect(await again(`${at}s`)).toMatchObject({ body: `a page at ${at}s` })
})

test('our pages get the app, the caller, and their root', async () => {
  const given: unknown[] = []
  const { app, ask } = await serve({
    async astro({ url }, response, _, locals) {
      given.push(url, locals)
      response.end()
    },
    place: { base: '/news', prefix: '/promo' },
  })
  await ask('/news/promo/analytics/sends?days=7')
  const client = { address: '127.0.0.1', forwarded: false, local: true }
  expect(given).toEqual(['/analytics/sends?days=7', { app, client, root: '/news/promo' }])
})

describe('a request that is not ours', () => {
  test.each([
    '/',
    '/about/us',
    '/analytics-of-ours',
    '/api/v1/promote',
    '/api/v1',
    '/%61nalytics',
    '/news/analytics',
  ])('%s goes to the site unchanged', async (path) => {
    const seen: unknown[] = []
    const { ask } = await serve({
      site(request, response) {
        seen.push(request.url, request.headers['x-forwarded-host'], request.headers.host)
        response.end('theirs')
      },
    })
    const answer = await ask(path, { headers: { 'x-forwarded-host': 'other.example' } })
    expect(answer).toMatchObject({ status: 200, body: 'theirs' })
    expect(seen).toEqual([path, 'other.example', expect.stringContaining('127.0.0.1:')])
  })

  test('goes to the site below our paths, too, if we have no page', async () => {
    const seen: unknown[] = []
    const { app, ask } = await serve({
      site(request, response) {
        seen.push(request.url, request.headers['x-forwarded-host'], request.headers.host)
        response.end('theirs')
      },
      place: { base: '/news' },
    })
    const { host } = new URL(app.config.SITE_URL)
    await ask('/news/analytics/nope', { headers: { 'x-forwarded-host': 'other.example' } })
    expect(seen).toEqual(['/news/analytics/nope', 'other.example', expect.not.stringContaining(host)])
  })

  test('may have a body of any size', async () => {
    let received = 0
    const { ask } = await serve({
      site(request, response) {
        request.on('data', (chunk: Buffer) => {
          received += chunk.byteLength
        })
        request.on('end', () => response.end('received'))
      },
    })
    const body = 'x'.repeat(100_000)
    for (const path of ['/contact', '/contact/form'])
      expect(await ask(path, { method: 'POST', body })).toMatchObject({ status: 200, body: 'received' })
    expect(received).toBe(200_000)
    expect(await ask('/nocodemba', { method: 'POST', body })).toMatchObject({ status: 413 })
    expect(await ask('/sign-in', { method: 'POST', body })).toMatchObject({ status: 413 })
  })
})

describe('a client that waits with its body until it may send it', () => {
  const whole: Connect = (request, response) => {
    finished(request.resume(), () => response.end('theirs'))
  }
  const webhook = '/api/v1/promo/links/changed'

  test.each([
    ['GET', '/nocodemba', 16_385],
    ['PUT', '/nocodemba', 16_385],
    ['GET', '/nope', 16_385],
    ['POST', '/sign-in', 16_385],
    ['POST', webhook, 1_048_577],
  ])('is refused without being asked for it if it is too large: %s %s', async (method, path, bytes) => {
    const { announce } = await serve({ site: whole, isWebhook: () => path === webhook })
    expect(await announce(method, path, bytes)).toMatch(/^HTTP\/1\.1 413 /)
  })

  test.each([
    ['GET', '/nocodemba', 16_384, 307],
    ['PUT', '/nocodemba', 16_384, 405],
    ['GET', '/nope', 16_384, 200],
    ['POST', '/nope', 100_000, 200],
    ['POST', '/contact/form', 100_000, 200],
    ['POST', webhook, 1_048_576, 200],
  ])('is asked for it once if it is not: %s %s', async (method, path, bytes, status) => {
    const { announce } = await serve({ site: whole, isWebhook: () => path === webhook })
    const heard = await announce(method, path, bytes)
    expect(heard.split(goOn)).toEqual(['', expect.stringMatching(new RegExp(`^HTTP/1.1 ${status} `))])
  })
})

test('a page comes before a link of the same name', async () => {
  const { ask } = await serve({ words: ['nocodemba'] })
  expect(await ask('/nocodemba')).toMatchObject({ status: 200, body: 'a page at /nocodemba' })
})

test('below a base, only paths within it are links', async () => {
  const { ask } = await serve({ place: { base: '/news', prefix: '/promo' } })
  expect(await ask('/news/nocodemba')).toMatchObject({ status: 307 })
  expect(await ask('/nocodemba')).toMatchObject({ status: 200 })
  expect(await ask('/newsnocodemba')).toMatchObject({ status: 200 })
  expect(await ask('/news/promo/nocodemba')).toMatchObject({ status: 200 })
})

test('a request is handled once, even if our handler is mounted twice', async () => {
  let asked = 0
  const { app, ask } = await serve({
    answerPromoLink() {
      asked += 1
      return undefined
    },
    site(request, response) {
      const ownPages = createOwnPages({ app, astro: noPage, root: '' })
      const inside = createFront({
        app,
        site: { base: '', prefix: '', strict: false },
        ownPages,
        pages: new Set(),
      })
      inside(request, response, () => response.end('theirs'))
    },
  })
  expect(await ask('/nope')).toMatchObject({ body: 'theirs' })
  expect(asked).toBe(1)
})

test.each([
  ['/nocodemba/', 307],
  ['//nocodemba', 307],
  ['//nocodemba/', 307],
  ['/no%63odemba', 307],
  ['/%4eocodemba', 307],
  ['///nocodemba', 307],
  ['/nocodemba//', 307],
  ['/nocodemba//?promo_var=42', 307],
  ['/nocodemba/).', 307],
  ['/nocodemba/&promo_var=42', 307],
  ['/nope//', 200],
  ['/nocodemba/more', 200],
  ['/more/nocodemba', 200],
  ['/nocodemba%2fmore', 200],
  ['/%zz', 200],
])('%s is a promo link with one word, however it is written, or else a page: %i', async (path, status) => {
  const { ask, messages } = await serve()
  expect((await ask(path)).status).toBe(status)
  expect(messages).toEqual([])
})

test('what is ours or a page of the site is no damaged link', async () => {
  const { ask } = await serve({
    words: ['about'],
    answerPromoLink() {
      throw new Error('not to be asked')
    },
    astro: async (_, response) => void response.end('ours'),
  })
  for (const path of ['/analytics', '/analytics//', '/analytics/).'])
    expect(await ask(path)).toMatchObject({ body: 'ours' })
  for (const path of ['/about', '/about//'])
    expect(await ask(path)).toMatchObject({ body: `a page at ${path}` })
})

test('escapes and slashes around a slug do not count as damage', async () => {
  const slugs: string[] = []
  const { ask } = await serve({
    answerPromoLink({ slug }) {
      slugs.push(slug)
      return undefined
    },
  })
  for (const path of ['/no%63odemba', '/a%20b', '//nocodemba//', '/%zz']) await ask(path)
  expect(slugs).toEqual(['nocodemba', 'a b', 'nocodemba', '%zz'])
})
