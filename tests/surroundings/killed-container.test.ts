import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { type Contained, contained, startFirst, test, urlOf } from '../crash/container-fixture.ts'
import { untilDrained } from '../crash/fixture.ts'
import { createLedger, expectExactlyOnce } from '../crash/ledger.ts'
import { withClient } from '../store/embedded-fixture.ts'
import { createTestDatabase, findDrift, insertPromos } from '../support/database.ts'
import { waitFor } from '../support/wait.ts'

test.skipIf(!contained)(
  'a waiting container takes data and journal over from a killed one after a minute',
  async ({ dataDir, start }) => {
    const { ledger, visit, first } = await startFirst(start, dataDir)
    const second = await start()
    await visit(second, 200)
    await visit(first, 500)
    await first.kill()
    const killed = performance.now()
    await visit(second, 200)
    await untilDrained(second)
    console.log(`taken over after ${((performance.now() - killed) / 1000).toFixed(0)} s`)
    // The journal that the killed one has left is taken over at the next look, which is every ten seconds.
    await withClient(urlOf(dataDir), (sql) => waitFor(() => expectExactlyOnce(sql, ledger), 1_000))
    console.log(`its journal recorded after ${((performance.now() - killed) / 1000).toFixed(0)} s`)
    expect(ledger.answered.size).toBe(900)
  },
)

test.skipIf(!contained)(
  'containers with one name, folder and external database keep their journals apart',
  async ({ start }) => {
    const database = await createTestDatabase()
    onTestFinished(() => database.drop())
    await insertPromos(database.sql)
    const ledger = createLedger()
    const settings = { DATABASE_URL: database.url }
    const both = await Promise.all([start(settings), start(settings)])
    const [first, second] = both
    const visitAll = (sites: typeof both | [Contained]) =>
      Promise.all(sites.map(({ url }) => ledger.load('visit', { url, connections: 4, requests: 200 })))
    await visitAll(both)
    // Longer than it takes to look for what others have left.
    await sleep(12_000)
    await database.sql.begin(async (sql) => {
      await sql`lock table promo_click_tracking in access exclusive mode`
      await visitAll(both)
      await first.kill()
    })
    await visitAll([second])
    await waitFor(() => expectExactlyOnce(database.sql, ledger), 1_000)
    await untilDrained(second)
    expect(await findDrift(database.sql)).toEqual([])
    expect(ledger.answered.size).toBe(1_000)
  },
)
