import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type Agent, request } from 'node:http'
import * as v from 'valibot'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { expectDocumented } from '../support/documented.ts'
import { makeDataDir, removeDataDir, type SiteProcess, startSiteProcess } from '../support/site.ts'
import { waitFor } from '../support/wait.ts'

/** A site on a database and a data folder of its own. */
export type RunningSite = { site: SiteProcess; database: TestDatabase; end: () => Promise<void> }

/** A site with promos, or whatever rows `prepare` writes. It is built first if necessary. */
export async function runSite(
  settings: Record<string, string> = {},
  { program = 'dist/server/entry.mjs', prepare = insertPromos } = {},
): Promise<RunningSite> {
  buildOnce()
  const database = await createTestDatabase()
  await prepare(database.sql)
  const dataDir = makeDataDir()
  const environment = { DATABASE_URL: database.url, PROMO_DATA_DIR: dataDir, ...settings }
  const site = await startSiteProcess(environment, program)
  return {
    site,
    database,
    async end() {
      if (site.process.exitCode === null && site.process.signalCode === null) await site.stop()
      await database.drop()
      removeDataDir(dataDir)
    },
  }
}

function buildOnce(): void {
  if (!existsSync('dist/server/entry.mjs')) execFileSync('npm', ['run', '--silent', 'build'])
}

export type RawAnswer = { status: number; headers: Record<string, string>; body: string }

export type RawRequest = {
  method?: string
  headers?: Record<string, string>
  body?: string | Buffer
  /** Whose connections are used; by default each request has its own. */
  agent?: Agent
}

/**
 * Sends exactly these headers and this path: `fetch` would add some and tidy up the other. Every answer of the
 * API has to be one that its description names.
 */
export async function ask(site: SiteProcess, path: string, sent: RawRequest = {}): Promise<RawAnswer> {
  const answer = await askHost(site, path, sent)
  expectDocumented({ method: sent.method ?? 'GET', path }, answer)
  return answer
}

/** The same of a site that somebody else has set up: what it answers by itself no description of ours names. */
export function askHost(
  site: SiteProcess,
  path: string,
  { method = 'GET', headers = {}, body, agent }: RawRequest = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(site.url)
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers, agent: agent ?? false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
          ),
          body: text,
        }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** A promo API call with a JSON body. */
export const post = (
  site: SiteProcess,
  endpoint: 'track-click' | 'track-impression',
  body: unknown,
  headers: Record<string, string> = {},
): Promise<RawAnswer> =>
  ask(site, `/api/v1/promo/${endpoint}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  })

const healthSchema = v.object({ journal: v.object({ depth: v.number() }) })

/** The session cookie of an editor who signs in on a page at `origin`. */
export async function signIn(
  site: SiteProcess,
  editor: { name: string; password: string },
  origin = site.url,
): Promise<string> {
  const { headers } = await ask(site, '/sign-in', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin },
    body: new URLSearchParams(editor).toString(),
  })
  return headers['set-cookie']?.split(';')[0] ?? ''
}

/** Resolves when every event that the site has accepted is in the database. */
export const untilFlushed = (site: SiteProcess): Promise<void> =>
  waitFor(async () => {
    const { body } = await ask(site, '/api/v1/promo/health')
    const { journal } = v.parse(healthSchema, JSON.parse(body))
    if (journal.depth > 0) throw new Error(`${journal.depth} events wait`)
  }, 50)
