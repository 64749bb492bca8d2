import { chmodSync, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect } from 'vitest'
import { isAlive } from '../../src/lib/processes/process-mark.ts'
import { test } from '../crash/fixture.ts'
import { createLedger, expectExactlyOnce } from '../crash/ledger.ts'
import {
  pidsOf,
  segmentsIn,
  untilAnswered,
  untilNothingIsLeft,
  untilWorkers,
  visits,
} from '../crash/workers-fixture.ts'
import { makeDataDir, removeDataDir, type SiteProcess, startSiteProcess } from '../support/site.ts'
import { waitFor } from '../support/wait.ts'

test('workers are killed under load: each is started again, and no click is lost or counted twice', async ({
  database,
  dataDir,
  start,
}) => {
  const site = await start({ PROMO_WORKERS: '2' })
  const [, second] = await untilWorkers(site, 2)
  const ledger = createLedger()
  const over = new AbortController()
  const load = visits(site, ledger, over.signal)
  await database.sql.begin(async (sql) => {
    await sql`lock table promo_click_tracking in access exclusive mode`
    await untilAnswered(ledger, 300)
    if (second) process.kill(second, 'SIGKILL')
    await untilAnswered(ledger, ledger.answered.size + 300)
  })
  const [, third] = await untilWorkers(site, 3)
  if (third) process.kill(third, 'SIGKILL')
  await untilWorkers(site, 4)
  await untilAnswered(ledger, ledger.answered.size + 300)
  over.abort()
  await load
  const pauses = site.log.flatMap((line) => /"pause":(\d+).*died/.exec(line)?.[1] ?? [])
  expect(pauses).toEqual(['200', '400'])

  const visited = await ledger.load('visit', { url: site.url, connections: 4, requests: 40 })
  expect(visited.failures).toBe(0)
  const series = await readSeries(site)
  expect(series.map((line) => line.replace(/ \d+$/, '')).sort()).toEqual([
    'promo_redirects_total{click="journaled",worker="1"}',
    'promo_redirects_total{click="journaled",worker="2"}',
  ])
  await untilNothingIsLeft(dataDir)
  await expectExactlyOnce(database.sql, ledger)

  const workers = pidsOf(site).filter(isAlive)
  expect(workers).toHaveLength(2)
  await ledger.load('visit', { url: site.url, connections: 4, requests: 200 })
  await site.kill()
  await waitFor(() => expect(workers.filter(isAlive)).toEqual([]))
  expect(segmentsIn(dataDir)).toEqual([])
  await expectExactlyOnce(database.sql, ledger)
})

test('one embedded database serves all workers, and ends with the last of them', async () => {
  const dataDir = makeDataDir()
  // Where root runs this, PostgreSQL's own user has to get in.
  chmodSync(dataDir, 0o711)
  const site = await startSiteProcess({ PROMO_DATA_DIR: dataDir, PROMO_WORKERS: '2' })
  await untilWorkers(site, 2)
  const said = (text: string) => site.log.filter((line) => line.includes(`"${text}"`)).length
  expect([said('embedded PostgreSQL started'), said('embedded PostgreSQL adopted')]).toEqual([1, 1])
  expect(existsSync(join(dataDir, 'postgres', 'postmaster.pid'))).toBe(true)
  expect(await site.stop()).toBe(0)
  expect(existsSync(join(dataDir, 'postgres', 'postmaster.pid'))).toBe(false)
  removeDataDir(dataDir)
})

test('a failing start ends as it does without workers', async ({ start }) => {
  const taken = createServer()
  const port = await new Promise<number>((resolve) =>
    taken.listen(0, '127.0.0.1', () => {
      const address = taken.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    }),
  )
  await expect(start({ PORT: String(port), PROMO_WORKERS: '2' })).rejects.toThrow(
    new RegExp(`ended with 1:.*127\\.0\\.0\\.1:${port}.*Set PORT or HOST`, 's'),
  )
  taken.close()
})

/** What both workers count, whichever is asked. */
async function readSeries({ url }: SiteProcess): Promise<string[]> {
  const text = await (await fetch(`${url}/api/v1/promo/metrics`)).text()
  return text.split('\n').filter((line) => line.startsWith('promo_redirects_total{'))
}
