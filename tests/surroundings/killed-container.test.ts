import { expect, vi } from 'vitest'
import { contained, startFirst, test, urlOf } from '../crash/container-fixture.ts'
import { untilDrained } from '../crash/fixture.ts'
import { expectExactlyOnce } from '../crash/ledger.ts'
import { withClient } from '../store/embedded-fixture.ts'

vi.setConfig({ testTimeout: 300_000 })

test.skipIf(!contained)(
  'a container is killed with its database: the one that waits takes data and journal over after a minute of silence',
  async ({ dataDir, start }) => {
    const { ledger, visit, first } = await startFirst(start, dataDir)
    const second = await start()
    await visit(second, 200)
    await visit(first, 500)
    await first.kill()
    const killed = performance.now()
    await visit(second, 200)
    await untilDrained(second, 150_000)
    console.log(`taken over after ${((performance.now() - killed) / 1000).toFixed(0)} s`)
    // The journal that the killed one has left is taken over at the next look, which is every ten seconds.
    await withClient(urlOf(dataDir), (sql) =>
      vi.waitFor(() => expectExactlyOnce(sql, ledger), { timeout: 60_000, interval: 1_000 }),
    )
    console.log(`its journal recorded after ${((performance.now() - killed) / 1000).toFixed(0)} s`)
    expect(ledger.answered.size).toBe(900)
  },
)
