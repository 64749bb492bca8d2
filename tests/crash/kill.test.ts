import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { processEnvironment } from '../support/environment.ts'
import type { SiteProcess } from '../support/site.ts'
import { waitUntil } from '../support/wait.ts'
import { outageTest, test, untilDrained } from './fixture.ts'
import { createLedger, expectExactlyOnce, type Ledger } from './ledger.ts'
import { seededRandom } from './seeded-random.ts'

const random = seededRandom()

test.for([
  { sync: 'write', kills: 6 },
  { sync: 'fsync', kills: 4 },
])(
  'nothing answered is lost by $kills kills with PROMO_JOURNAL_SYNC=$sync',
  async (variant, { database, start }) => {
    const ledger = createLedger()
    const restart = () => start({ PROMO_JOURNAL_SYNC: variant.sync })
    for (let kills = 0; kills < variant.kills; kills += 1) await killUnderLoad(await restart(), ledger)
    await untilDrained(await restart())
    expect(ledger.answered.size).toBeGreaterThan(variant.kills * 5)
    await expectExactlyOnce(database.sql, ledger)
  },
)

outageTest(
  'a journal of several dead instances, killed again while it is replayed',
  async ({ server, database, dataDir, start }) => {
    const ledger = createLedger()
    const first = await start()
    await killUnderLoad(first, ledger, () => server.stop())
    await killUnderLoad(await start(), ledger)
    await killUnderLoad(await start(), ledger)
    await server.start()
    for (let kills = 0; kills < 3; kills += 1)
      await killAtStart({ DATABASE_URL: database.url, PROMO_DATA_DIR: dataDir })
    await killUnderLoad(await start(), ledger)
    await untilDrained(await start())
    await expectExactlyOnce(database.sql, ledger)
  },
)

/** Visits and reports from several connections; the kill comes somewhere among them. */
async function killUnderLoad(
  site: SiteProcess,
  ledger: Ledger,
  meanwhile: () => Promise<void> = async () => {},
): Promise<void> {
  const { url } = site
  ledger.watch(site)
  const load = new AbortController()
  const answeredBefore = ledger.answered.size
  const runs = [
    ledger.load('visit', { url, connections: 4, signal: load.signal, requests: 5_000 }),
    ledger.load('report', { url, connections: 2, signal: load.signal, requests: 200, pause: 5 }),
    ledger.load('impression', { url, connections: 2, signal: load.signal, requests: 100, pause: 10 }),
  ]
  await waitUntil(() => ledger.answered.size > answeredBefore + 5, 1)
  await meanwhile()
  await sleep(random() * 350)
  await site.kill()
  load.abort()
  await Promise.all(runs)
}

/** Killed before it listens, while it hands over what earlier instances left. */
async function killAtStart(environment: Record<string, string>): Promise<void> {
  const child = spawn(process.execPath, ['dist/server/entry.mjs'], {
    env: { ...processEnvironment, PORT: '0', ...environment },
    stdio: 'ignore',
  })
  await sleep(250 + random() * 600)
  child.kill('SIGKILL')
  await once(child, 'exit')
}
