import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type App, openApp } from '../../src/lib/app.ts'
import { openLog } from '../../src/lib/base/log.ts'
import { readConfig } from '../../src/lib/settings/config.ts'
import { type AstroHandler, createSite } from '../../src/server/site.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { makeDataDir, removeDataDir } from '../support/site.ts'

let database: TestDatabase
let opened: App
const dataDir = makeDataDir()

beforeAll(async () => {
  database = await createTestDatabase()
  await insertPromos(database.sql)
  const config = readConfig({ DATABASE_URL: database.url, PROMO_DATA_DIR: dataDir })
  if (!config.ok) throw new Error('the settings do not hold')
  const app = await openApp({ config: config.value, log: openLog('silent') })
  if (!app.ok) throw new Error(app.fault.message)
  opened = app.value
})
afterAll(async () => {
  await opened?.close()
  await database?.drop()
  removeDataDir(dataDir)
})

/** A site on a free port, with this in place of Astro's handler, and with what it logs. */
async function serve(
  astro: AstroHandler,
  { files = {}, ...changes }: { files?: Record<string, string> } & Partial<App> = {},
) {
  const dist = makeDataDir()
  mkdirSync(join(dist, 'client'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dist, 'client', name), text)
  const messages: string[] = []
  const log = Object.assign(openLog('silent'), {
    error: (_: unknown, message: string) => messages.push(message),
  })
  const app = { ...opened, log, ...changes }
  const server = createSite({ app, astro, dist, pages: new Set(), stopping: new AbortController().signal })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
    removeDataDir(dist)
  })
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('no port')
  const ask = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${address.port}${path}`, { redirect: 'manual' })
    return { status: answer.status, body: await answer.text(), type: answer.headers.get('content-type') }
  }
  return { app, ask, messages }
}

const page: AstroHandler = async ({ url }, response) => {
  response.end(`a page at ${url}`)
}
/** What Astro does where it has no page for an address. */
const noPage: AstroHandler = async (_, __, next) => next()

describe('a promo link that breaks', () => {
  const broken: Record<string, App['answerPromoLink']> = {
    'at once': () => {
      throw new Error('broken')
    },
    later: async () => {
      throw new Error('broken')
    },
  }
  test.each(Object.entries(broken))(
    '%s is told, and answered as the site answers that path',
    async (_, answerPromoLink) => {
      const { ask, messages } = await serve(page, { answerPromoLink })
      expect(await ask('/nocodemba')).toMatchObject({ status: 200, body: 'a page at /nocodemba' })
      expect(messages).toEqual(['a promo link broke'])
    },
  )
})

describe('a page that breaks', () => {
  test('is told, with status 500', async () => {
    const { ask, messages } = await serve(async () => {
      throw new Error('broken')
    })
    expect(await ask('/about/us')).toMatchObject({ status: 500, body: '' })
    expect(messages).toEqual(['a page broke'])
  })

  test('after its beginning was sent ends there', async () => {
    const { ask, messages } = await serve(async (_, response) => {
      response.writeHead(200)
      response.write('half')
      throw new Error('broken')
    })
    expect(await ask('/about/us')).toMatchObject({ status: 200, body: 'half' })
    expect(messages).toEqual(['a page broke'])
  })
})

describe('an unknown path', () => {
  test('gets the 404 page that Astro makes', async () => {
    const asked: (string | undefined)[] = []
    const { ask } = await serve(async ({ url }, response, next) => {
      asked.push(url)
      if (url !== '/404') return next()
      response.writeHead(404)
      response.end('made now')
    })
    expect(await ask('/nope/at/all')).toMatchObject({ status: 404, body: 'made now' })
    expect(asked).toEqual(['/nope/at/all', '/404'])
  })

  test.each([
    [{ '404.html': '<p>made ahead' }, '<p>made ahead'],
    [{}, '<!doctype html><title>Not found</title><h1>Not found</h1>'],
  ])('or else the file of the build, or else a plain one: %o', async (files, body) => {
    const { ask } = await serve(noPage, { files })
    expect(await ask('/nope/at/all')).toEqual({ status: 404, body, type: 'text/html; charset=utf-8' })
  })
})

test('Astro is given the app, who asks, and the 404 page', async () => {
  const given: Parameters<AstroHandler>[3][] = []
  const { app, ask } = await serve(
    async (_, response, __, locals) => {
      given.push(locals)
      response.end()
    },
    { files: { '404.html': 'made ahead' } },
  )
  await ask('/about/us')
  expect(given).toEqual([
    { app, client: { address: '127.0.0.1', forwarded: false, local: true }, notFoundPage: 'made ahead' },
  ])
})

test('of the links, files and pages of a site the first that is there answers', async () => {
  const { ask } = await serve(page, { files: { 'sheet.html': 'a file' } })
  expect(await ask('/nocodemba')).toMatchObject({ status: 307 })
  expect(await ask('/sheet')).toMatchObject({ status: 200, body: 'a file' })
  expect(await ask('/else')).toMatchObject({ status: 200, body: 'a page at /else' })
})

test.each([
  ['/nocodemba/', 307],
  ['//nocodemba', 307],
  ['//nocodemba/', 307],
  ['/no%63odemba', 307],
  ['/%4eocodemba', 307],
  ['///nocodemba', 200],
  ['/nocodemba//', 200],
  ['/nocodemba/more', 200],
  ['/more/nocodemba', 200],
  ['/nocodemba%2fmore', 200],
  ['/%zz', 200],
])('%s is a promo link with one word, however it is written, or else a page: %i', async (path, status) => {
  const { ask, messages } = await serve(page)
  expect((await ask(path)).status).toBe(status)
  expect(messages).toEqual([])
})

test('what is escaped in a slug is not taken for damage', async () => {
  const slugs: string[] = []
  const { ask } = await serve(page, {
    answerPromoLink({ slug }) {
      slugs.push(slug)
      return undefined
    },
  })
  for (const path of ['/no%63odemba', '/a%20b', '/nocodemba', '/%zz']) await ask(path)
  expect(slugs).toEqual(['nocodemba', 'a b', 'nocodemba'])
})
