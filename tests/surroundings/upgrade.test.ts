import { describe, expect } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { ok } from '../../src/lib/base/result.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import { test as base, untilDrained } from '../crash/fixture.ts'
import { createLedger, expectExactlyOnce, type Ledger } from '../crash/ledger.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { settleAll } from '../support/settled.ts'
import { makeDataDir, removeDataDir, type SiteProcess, spawnSite } from '../support/site.ts'
import { waitFor } from '../support/wait.ts'
import { type BuiltVersion, buildVersion, former, type Version, versions } from './versions.ts'

type Start = (program: string, dataDir: string) => Promise<SiteProcess>

const test = base.extend<{ database: TestDatabase; run: Start; otherDir: string }>({
  database: async ({ task: _ }, use) => {
    const database = await createTestDatabase({ empty: true })
    await use(database)
    await database.drop()
  },
  otherDir: async ({ task: _ }, use) => {
    const folder = makeDataDir()
    await use(folder)
    removeDataDir(folder)
  },
  /** Starts a site of any version on the database, each in its own folder; what still runs after the test is killed. */
  run: async ({ task, database }, use) => {
    const started: ReturnType<typeof spawnSite>[] = []
    await use(async (program, dataDir) => {
      const site = spawnSite(
        { DATABASE_URL: database.url, PROMO_DATA_DIR: dataDir, PROMO_FLOOD_PER_MINUTE: '1000000000' },
        program,
      )
      started.push(site)
      return { ...site, url: await site.listening }
    })
    for (const site of started) {
      if (site.process.exitCode === null && site.process.signalCode === null) await site.kill()
      if (task.result?.state === 'fail') console.error(site.log.slice(-15).join('\n'))
    }
  },
})

const today = 'dist/server/entry.mjs'
const withoutHistory = former ? '' : ' (skipped: it takes the whole history of git)'

/** Exported and built; the case says so where today's packages no longer do for it. */
function builtOrSkip(version: Version, skip: (reason: string) => never): BuiltVersion {
  return buildVersion(version) ?? skip(`${version.revision} cannot be built with today's packages`)
}

async function loadAll({ url }: SiteProcess, ledger: Ledger): Promise<void> {
  const results = await Promise.all([
    ledger.load('visit', { url, connections: 4, requests: 400 }),
    ledger.load('report', { url, connections: 2, requests: 60 }),
    ledger.load('impression', { url, connections: 2, requests: 40 }),
  ])
  expect(results.map(({ failures }) => failures)).toEqual([0, 0, 0])
}

/** Clicks that the journal has and the database has not when the site is killed. */
async function killWithJournal(site: SiteProcess, ledger: Ledger, { sql }: TestDatabase): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`lock table promo_click_tracking in access exclusive mode`
    await ledger.load('visit', { url: site.url, connections: 4, requests: 200 })
    await site.kill()
  })
}

/**
 * Every answered event is there once and all sums agree, before and after all clicks have their final verdict.
 * The journal of an earlier version that was killed does not say where it ran, so it is taken over after a
 * minute of silence.
 */
async function expectAllRight({ sql, url }: TestDatabase, ledger: Ledger): Promise<void> {
  await waitFor(() => expectExactlyOnce(sql, ledger), 1_000)
  const database = openDatabase({ locate: async () => ok(url), log: createLog('silent') })
  await settleAll(database)
  await database.close()
  expect(await findDrift(sql)).toEqual([])
}

const cases = versions.map((version, index) => ({
  ...version,
  ending: index % 2 === 0 ? 'SIGTERM' : 'SIGKILL',
}))

describe.skipIf(versions.length === 0)(`upgrade${withoutHistory}`, () => {
  test.for(cases)(
    'from $revision ($migrations migrations, $ending), $subject',
    async (version, { database, dataDir, run, skip }) => {
      if (version.rewritten) skip(`${version.rewritten} was written anew later`)
      const built = builtOrSkip(version, skip)
      const ledger = createLedger()
      const old = await run(built.program, dataDir)
      await insertPromos(database.sql)
      await waitFor(
        async () => expect((await fetch(`${old.url}/quietdesk`, { redirect: 'manual' })).status).toBe(307),
        500,
      )
      await loadAll(old, ledger)
      if (version.ending === 'SIGTERM') await old.stop()
      else await killWithJournal(old, ledger, database)
      built.remove()
      const upgraded = await run(today, dataDir)
      await loadAll(upgraded, ledger)
      await untilDrained(upgraded)
      await expectAllRight(database, ledger)
    },
  )
})

describe.skipIf(!former)(`a rolling deploy${withoutHistory}`, () => {
  test('the version before the newest migration runs next to the current one, and nothing is lost', async ({
    database,
    dataDir,
    otherDir,
    run,
    skip,
  }) => {
    if (!former) return
    const built = builtOrSkip(former, skip)
    const ledger = createLedger()
    const old = await run(built.program, dataDir)
    await insertPromos(database.sql)
    await loadAll(old, ledger)
    const next = await run(today, otherDir)
    for (let round = 0; round < 3; round += 1)
      await Promise.all([loadAll(old, ledger), loadAll(next, ledger)])
    await killWithJournal(old, ledger, database)
    // What the former version may not record any more, where a migration says so, the next one on its folder does.
    const heir = await run(today, dataDir)
    await Promise.all([untilDrained(next), untilDrained(heir)])
    built.remove()
    await expectAllRight(database, ledger)
  })
})
