import { chmodSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { clusterIn } from '../../src/lib/database/embedded/place.ts'
import { runningServer } from '../../src/lib/database/embedded/server.ts'
import { embeddedUrl } from '../../src/lib/database/embedded/start.ts'
import { endServer, withClient } from '../store/embedded-fixture.ts'
import { insertPromos } from '../support/database.ts'
import { makeDataDir, type SiteProcess } from '../support/site.ts'
import { waitFor, waitUntil } from '../support/wait.ts'
import { test as base, readHealth, untilDrained } from './fixture.ts'
import { createLedger, expectExactlyOnce, type Ledger } from './ledger.ts'

const test = base.extend<{ dataDir: string }>({
  dataDir: async ({ task: _ }, use) => {
    const dataDir = makeDataDir()
    // Where root runs this, PostgreSQL's own user has to get in.
    chmodSync(dataDir, 0o711)
    await use(dataDir)
    await endServer(clusterIn(dataDir))
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  },
})

test('the embedded database survives kills of the site, of its server and of both', async ({
  dataDir,
  start,
}) => {
  const ledger = createLedger()
  // A site that knows its links listens before its database is there.
  const openEmbedded = async () => {
    const site = await start({ DATABASE_URL: '' })
    await waitFor(async () => expect((await readHealth(site)).database.ok).toBe(true))
    return site
  }
  const endDatabase = () => endServer(clusterIn(dataDir))
  const startedHere = (site: SiteProcess) =>
    site.log.some((line) => line.includes('embedded PostgreSQL started'))

  const first = await openEmbedded()
  await waitFor(() => expect(startedHere(first)).toBe(true))
  const url = embeddedUrl(dataDir)
  if (!url.ok) throw new Error(url.fault.message)
  await withClient(url.value, insertPromos)
  await loadUntil(first, ledger, first.kill)

  const second = await openEmbedded()
  expect(startedHere(second)).toBe(false)
  await loadUntil(second, ledger, () => Promise.all([second.kill(), endDatabase()]))

  const third = await openEmbedded()
  // It listens by the links that it knows, and the server may take longer to recover.
  await waitFor(() => expect(startedHere(third)).toBe(true))
  await loadUntil(third, ledger, endDatabase)
  await untilDrained(third)
  expect(ledger.answered.size).toBeGreaterThan(50)
  await withClient(url.value, (sql) => expectExactlyOnce(sql, ledger))
  expect(await third.stop()).toBe(0)
  expect(runningServer(clusterIn(dataDir))).toBeUndefined()

  const fourth = await openEmbedded()
  await untilDrained(fourth)
  await withClient(url.value, (sql) => expectExactlyOnce(sql, ledger))
  expect(await fourth.stop()).toBe(0)
})

/** Loads the site until, somewhere among its answers, something breaks. */
async function loadUntil(site: SiteProcess, ledger: Ledger, breaks: () => Promise<unknown>): Promise<void> {
  const { url } = site
  ledger.watch(site)
  const load = new AbortController()
  const runs = [
    ledger.load('visit', { url, connections: 4, signal: load.signal, pause: 1 }),
    ledger.load('report', { url, connections: 2, signal: load.signal, requests: 200, pause: 5 }),
    ledger.load('impression', { url, connections: 2, signal: load.signal, requests: 100, pause: 10 }),
  ]
  const answeredBefore = ledger.answered.size
  await waitUntil(() => ledger.answered.size > answeredBefore + 20)
  await breaks()
  await sleep(300)
  load.abort()
  await Promise.all(runs)
}
