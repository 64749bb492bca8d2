import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { createTestDatabase, insertPromos } from '../support/database.ts'
import { makeDataDir, removeDataDir, type SiteProcess } from '../support/site.ts'
import { waitFor } from '../support/wait.ts'
import { test as base, readHealth, untilDrained } from './fixture.ts'
import { createLedger, expectExactlyOnce, type Ledger } from './ledger.ts'

const test = base.extend<{ database: Awaited<ReturnType<typeof createTestDatabase>>; otherDir: string }>({
  database: async ({ task: _ }, use) => {
    const database = await createTestDatabase({ empty: true })
    await use(database)
    await database.drop()
  },
  otherDir: async ({ task: _ }, use) => {
    const otherDir = makeDataDir()
    await use(otherDir)
    removeDataDir(otherDir)
  },
})

test.for([
  { folders: 'a folder each', shared: false },
  { folders: 'one folder', shared: true },
])(
  'two sites on an empty database, $folders: both count, one dies',
  async ({ shared }, { database, dataDir, otherDir, start }) => {
    const PROMO_DATA_DIR = shared ? dataDir : otherDir
    const [survivor, victim] = await Promise.all([start(), start({ PROMO_DATA_DIR })])
    await Promise.all([untilDrained(survivor), untilDrained(victim)])
    const migrators = () =>
      [survivor, victim].filter(({ log }) => log.some((line) => line.includes('migrated the database')))
    await waitFor(() => expect(migrators()).toHaveLength(1))
    const stumbled = [...survivor.log, ...victim.log].filter(
      (line) => line.includes('cannot be used') || line.includes('cannot be migrated'),
    )
    expect(stumbled).toEqual([])

    await insertPromos(database.sql)
    const ledger = createLedger()
    await Promise.all([loadAll(survivor, ledger), loadAll(victim, ledger)])
    await Promise.all([untilDrained(survivor), untilDrained(victim)])
    // One salt, so that an address is the same one to both.
    const hashes =
      await database.sql`select distinct address_hash from promo_click_tracking where address_hash is not null`
    expect(hashes).toHaveLength(1)

    await database.sql.begin(async (sql) => {
      await sql`lock table promo_click_tracking in access exclusive mode`
      await ledger.load('visit', { url: victim.url, connections: 4, requests: 300 })
      await victim.kill()
      await ledger.load('visit', { url: survivor.url, connections: 4, requests: 300 })
    })
    const heir = shared ? survivor : await start({ PROMO_DATA_DIR })
    await untilNothingIsLeft(PROMO_DATA_DIR)
    await Promise.all([untilDrained(survivor), untilDrained(heir)])
    if (shared) await waitFor(() => expect(survivor.log.join()).toContain('took over'))
    else expect(survivor.log.join()).not.toContain('took over')
    expect(await readHealth(heir)).toMatchObject({ code: 200, rejects: 0 })
    await expectExactlyOnce(database.sql, ledger)
  },
)

async function loadAll(site: SiteProcess, ledger: Ledger): Promise<void> {
  const { url } = site
  ledger.watch(site)
  const results = await Promise.all([
    ledger.load('visit', { url, connections: 4, requests: 800 }),
    ledger.load('report', { url, connections: 2, requests: 150 }),
    ledger.load('impression', { url, connections: 2, requests: 80 }),
  ])
  expect(results.map(({ failures }) => failures)).toEqual([0, 0, 0])
}

/** An instance looks every ten seconds for what others have left. */
const untilNothingIsLeft = (dataDir: string): Promise<void> =>
  waitFor(() => {
    const segments = readdirSync(join(dataDir, 'journal')).filter((name) => name.endsWith('.journal'))
    expect(segments).toEqual([])
  }, 200)
