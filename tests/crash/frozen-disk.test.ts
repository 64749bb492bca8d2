import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { expect } from 'vitest'
import { patience } from '../support/patience.ts'
import { waitFor } from '../support/wait.ts'
import { readHealth, readMetric, test, untilDrained } from './fixture.ts'
import { createLedger, expectExactlyOnce } from './ledger.ts'

/** In microseconds. What waits for the disk each time takes this long. */
const second = 1_000_000

const freezing = pathToFileURL(join(import.meta.dirname, '..', 'support', 'freezing-disk.ts')).href

// Both mostly wait.
test.concurrent.for(['write', 'fsync'])(
  'a frozen disk (%s) delays redirects by a second at most, pages not at all, and loses nothing',
  async (sync, { database, dataDir, start }) => {
    const pipe = join(dataDir, 'freeze')
    const site = await start({
      FREEZE: pipe,
      NODE_OPTIONS: `--import ${freezing}`,
      PROMO_JOURNAL_SYNC: sync,
    })
    const ledger = createLedger()
    const clicks = (requests: number) => ledger.load('visit', { url: site.url, connections: 4, requests })
    await clicks(50)

    execFileSync('mkfifo', [pipe])
    try {
      await database.sql.begin(async (sql) => {
        // A click that is recorded before its turn in the journal comes is not in memory.
        await sql`lock table promo_click_tracking in access exclusive mode`
        expect((await clicks(4)).p50).toBeLessThan(10_000_000)
        const meanwhile = clicks(300)
        await visit(`${site.url}/`)
        await visit(`${site.url}/_promo/analytics.js`)
        expect((await meanwhile).p50).toBeLessThan(second)
        expect(await readHealth(site)).toMatchObject({ code: 503, journal: { ok: false } })
        expect(await readMetric(site, 'promo_redirects_total', 'in_memory')).toBe(304)
      })
      expect(await readMetric(site, 'promo_journal_faults_total', 'hangs')).toBeGreaterThan(0)
      await waitFor(() => expect(site.log.join('\n')).toContain('"fault":"hangs"'))
      // Longer than anything in the site comes round: it beats, looks for orphans and writes snapshots.
      const until = performance.now() + 11_000
      while (performance.now() < until) {
        await visit(`${site.url}/nocodemba`)
        await sleep(100)
      }
    } finally {
      const end = openSync(pipe, 'r+')
      rmSync(pipe)
      await sleep(500)
      closeSync(end)
    }
    await untilDrained(site)
    expect((await clicks(20)).p50).toBeLessThan(second)
    await untilDrained(site)
    expect(await readMetric(site, 'promo_events_lost_total')).toBe(0)
    await expectExactlyOnce(database.sql, ledger)
    expect(await site.stop()).toBe(0)
  },
)

/** What waits for the disk never has an answer. */
async function visit(url: string): Promise<void> {
  await (await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(patience) })).arrayBuffer()
}
