import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import * as v from 'valibot'
import { test as base } from 'vitest'
import { migrate } from '../../src/lib/database/migrate.ts'
import { ask, askHost } from '../pages/running-site.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { expectDocumented } from '../support/documented.ts'
import { databaseUrl } from '../support/global-setup.ts'
import { startTestServer, type TestServer } from '../support/postgres-server.ts'
import { makeDataDir, removeDataDir, type SiteProcess, startSiteProcess } from '../support/site.ts'
import { waitFor } from '../support/wait.ts'

export type StartSite = (environment?: Record<string, string>) => Promise<SiteProcess>

type Fixtures = {
  /** On the server of all tests, which nobody stops; with promos. */
  database: TestDatabase
  dataDir: string
  /** Starts a site, by default on `database` and `dataDir`; whatever still runs after the test is killed. */
  start: StartSite
}

export const test = base.extend<Fixtures>({
  database: async ({ task: _ }, use) => {
    const database = await createTestDatabase()
    await insertPromos(database.sql)
    await use(database)
    await database.drop()
  },
  dataDir: async ({ task: _ }, use) => {
    const dataDir = makeDataDir()
    await use(dataDir)
    removeDataDir(dataDir)
  },
  start: async ({ task, database, dataDir }, use) => {
    const sites: SiteProcess[] = []
    await use(async (environment = {}) => {
      const site = await startSiteProcess({
        DATABASE_URL: database.url,
        PROMO_DATA_DIR: dataDir,
        PROMO_FLOOD_PER_MINUTE: '1000000000',
        ...environment,
      })
      sites.push(site)
      return site
    })
    for (const site of sites) {
      if (site.process.exitCode === null && site.process.signalCode === null) await site.kill()
      if (task.result?.state === 'fail') console.error(site.log.slice(-15).join('\n'))
    }
  },
})

/** For outages: `database` is on a PostgreSQL of this file's own, whose commits wait for the disk. */
export const outageTest = test.extend<{ server: TestServer; database: TestDatabase }>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the fixtures that this one needs from here
    async ({}, use) => {
      const server = await startTestServer({ fsync: true })
      await use(server)
      await server.remove()
    },
    { scope: 'file' },
  ],
  database: async ({ server }, use) => {
    const name = `promo_outage_${randomUUID().slice(0, 8)}`
    const admin = postgres(server.url, { max: 1, onnotice: () => {} })
    await admin`create database ${admin(name)}`
    await admin.end()
    const url = databaseUrl(server.url, name)
    const sql = postgres(url, { max: 2, onnotice: () => {} })
    await migrate(sql)
    await insertPromos(sql)
    await use({ url, sql, drop: async () => {} })
    await sql.end({ timeout: 1 })
  },
})

const HealthSchema = v.object({
  status: v.string(),
  database: v.object({ ok: v.boolean(), fault: v.optional(v.string()) }),
  migrated: v.boolean(),
  journal: v.object({ ok: v.boolean(), depth: v.number(), bytes: v.number(), damaged_bytes: v.number() }),
  rejects: v.number(),
})

export type Health = v.InferOutput<typeof HealthSchema> & { code: number }

export async function readHealth(site: SiteProcess): Promise<Health> {
  const path = '/api/v1/promo/health'
  // A site may stand below a base, which its address ends with.
  const answer = await askHost(site, `${new URL(site.url).pathname.replace(/\/$/, '')}${path}`)
  expectDocumented({ method: 'GET', path }, answer)
  const { status, body } = answer
  return { ...v.parse(HealthSchema, JSON.parse(body)), code: status }
}

/** Resolves when the site's database has everything, and the site is well. */
export const untilDrained = (site: SiteProcess): Promise<void> =>
  waitFor(async () => {
    const health = await readHealth(site)
    if (health.code !== 200 || health.journal.depth > 0) throw new Error(JSON.stringify(health))
  }, 100)

/** The sum of a metric's lines; `label` picks some of them. */
export async function readMetric(site: SiteProcess, name: string, label = ''): Promise<number> {
  const { body: text } = await ask(site, '/api/v1/promo/metrics')
  const lines = text
    .split('\n')
    .filter((line) => /[{ ]/.test(line.charAt(name.length)) && line.startsWith(name))
  return lines
    .filter((line) => line.includes(label))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

export type Visit = { variation?: number; slug?: string; headers?: Record<string, string> }

/**
 * One click on a promo link; answers the status. `fetch` would say that it is no navigation, as a page's own
 * requests are.
 */
export async function visit(
  site: SiteProcess,
  { variation = 42, slug = variation === 50 ? 'quietdesk' : 'nocodemba', headers = {} }: Visit = {},
): Promise<number> {
  const { status } = await ask(site, `/${slug}?promo_var=${variation}`, {
    headers: { 'user-agent': 'Mozilla/5.0 (test) visit', ...headers },
  })
  return status
}
