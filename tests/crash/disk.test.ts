import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { SiteProcess } from '../support/site.ts'
import { waitFor } from '../support/wait.ts'
import { readHealth, readMetric, test, untilDrained, visit } from './fixture.ts'
import { createLedger, expectExactlyOnce, type Ledger } from './ledger.ts'

test('the journal folder cannot be created: clicks are kept in memory, and the site reports it', async ({
  database,
  dataDir,
  start,
}) => {
  const journal = join(dataDir, 'journal')
  writeFileSync(journal, 'in the way')
  const site = await start()
  const ledger = createLedger()
  await database.sql.begin(async (sql) => {
    // A click that is recorded before its turn in the journal comes is not in memory.
    await sql`lock table promo_click_tracking in access exclusive mode`
    await redirectAll(site, ledger, 300)
    await expectFault(site, 'unwritable')
    expect(await readMetric(site, 'promo_redirects_total', 'in_memory')).toBe(300)
  })

  rmSync(journal)
  await redirectAll(site, ledger, 10)
  await untilDrained(site)
  // A disk that takes over a second is not waited for.
  const [journaled, inMemory] = [
    await readMetric(site, 'promo_redirects_total', 'journaled'),
    await readMetric(site, 'promo_redirects_total', 'in_memory'),
  ]
  expect([journaled + inMemory, journaled > 0]).toEqual([310, true])
  await expectExactlyOnce(database.sql, ledger)
})

test('the journal reaches its limit while the database is down: the rest is counted as lost', async ({
  database,
  start,
}) => {
  const site = await start({ PROMO_JOURNAL_MAX_MB: '1', PROMO_BUFFER_MAX_EVENTS: '1000' })
  const ledger = createLedger()
  await database.sql.begin(async (sql) => {
    await sql`lock table promo_click_tracking in access exclusive mode`
    await redirectAll(site, ledger, 6_000)
    await expectFault(site, 'full')
    expect((await readHealth(site)).journal.bytes).toBeLessThanOrEqual(1024 * 1024)
  })
  await waitFor(async () => expect((await readHealth(site)).journal.depth).toBe(0))
  const lost = await readMetric(site, 'promo_events_lost_total')
  expect(lost).toBe(await readMetric(site, 'promo_redirects_total', '"lost"'))
  expect(lost).toBeGreaterThan(0)
  const kept = await database.sql`select user_agent from promo_click_tracking`
  expect(kept.length).toBe(6_000 - lost)

  ledger.answered.clear()
  await redirectAll(site, ledger, 10)
  await untilDrained(site)
  await expectExactlyOnce(database.sql, ledger)
})

/** The promise is a second; the rest is for a machine that is busy. */
const soonAfter = 10_000

const tmpfs = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
const withoutTmpfs = tmpfs ? '' : ' (skipped: no tmpfs can be mounted here)'

test.skipIf(!tmpfs)(
  `the disk is full${withoutTmpfs}: nothing is lost while memory has room`,
  async ({ database, dataDir, start }) => {
    const journal = join(dataDir, 'journal')
    mkdirSync(journal)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', journal])
    try {
      const site = await start()
      const ledger = createLedger()
      await database.sql.begin(async (sql) => {
        await sql`lock table promo_click_tracking in access exclusive mode`
        await redirectAll(site, ledger, 3_000)
        await expectFault(site, 'unwritable')
      })
      await waitFor(async () => expect((await readHealth(site)).journal.depth).toBe(0))
      await redirectAll(site, ledger, 10)
      await untilDrained(site)
      expect(await readMetric(site, 'promo_events_lost_total')).toBe(0)
      await expectExactlyOnce(database.sql, ledger)
      await site.kill()
    } finally {
      execFileSync('umount', ['-l', journal])
    }
  },
)

test.skipIf(!tmpfs)(
  `the disk has room again${withoutTmpfs}: health is correct within a second, even if nothing is waiting`,
  async ({ dataDir, start }) => {
    const journal = join(dataDir, 'journal')
    mkdirSync(journal)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', journal])
    try {
      const site = await start()
      const filler = join(journal, 'filler')
      spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k'])
      expect(await visit(site)).toBe(307)
      await waitFor(async () => expect((await readHealth(site)).journal.depth).toBe(0))
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      expect(await readHealth(site)).toMatchObject({ code: 503, journal: { ok: false, depth: 0 } })
      rmSync(filler)
      const freed = performance.now()
      await waitFor(async () => expect((await readHealth(site)).code).toBe(200))
      expect(performance.now() - freed).toBeLessThan(soonAfter)
      await site.kill()
    } finally {
      execFileSync('umount', ['-l', journal])
    }
  },
)

async function redirectAll(site: SiteProcess, ledger: Ledger, requests: number): Promise<void> {
  const visits = await ledger.load('visit', { url: site.url, connections: 4, requests })
  expect(visits).toMatchObject({ failures: 0, statuses: { 307: requests } })
}

/** Health, metric and log all name it, and a visitor notices nothing. */
async function expectFault(site: SiteProcess, code: 'full' | 'unwritable'): Promise<void> {
  const health = await readHealth(site)
  expect(health).toMatchObject({ code: 503, status: 'degraded', journal: { ok: false } })
  expect(await readMetric(site, 'promo_journal_faults_total', `"${code}"`)).toBeGreaterThan(0)
  // Every ten seconds at most.
  const times = () =>
    site.log.flatMap((line) =>
      line.includes(`"fault":"${code}"`) ? [Number(/"time":(\d+)/.exec(line)?.[1])] : [],
    )
  await waitFor(() => expect(times()).not.toEqual([]))
  const gaps = times()
    .slice(1)
    .map((time, index) => time - (times()[index] ?? 0))
  expect(gaps.filter((gap) => gap < 9_500)).toEqual([])
  expect(await visit(site, { variation: 0 })).toBe(307)
}
