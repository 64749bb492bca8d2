import { expect, vi } from 'vitest'
import { isAlive } from '../../src/lib/operations/process-mark.ts'
import { test } from './fixture.ts'
import { createLedger, expectExactlyOnce } from './ledger.ts'
import { pidsOf, segmentsIn, untilAnswered, untilWorkers, visits } from './workers-fixture.ts'

vi.setConfig({ testTimeout: 90_000 })

test('workers are replaced one by one under load without a refused or failed request, then stopped', async ({
  database,
  dataDir,
  start,
}) => {
  const site = await start({ PROMO_WORKERS: '2' })
  const former = await untilWorkers(site, 2)
  const ledger = createLedger()
  const over = new AbortController()
  const load = visits(site, ledger, over.signal)
  await untilAnswered(ledger, 100)
  site.process.kill('SIGUSR2')
  await vi.waitFor(() => expect(site.log.join()).toContain('all workers are new'), { timeout: 40_000 })
  expect(former.filter(isAlive)).toEqual([])
  const now = pidsOf(site).filter(isAlive)
  expect(now).toHaveLength(2)
  await untilAnswered(ledger, ledger.answered.size + 100)
  over.abort()
  expect(await load).toMatchObject({ failures: 0, statuses: { 307: ledger.answered.size } })

  const before = performance.now()
  expect(await site.stop()).toBe(0)
  expect(performance.now() - before).toBeLessThan(10_000)
  expect(now.filter(isAlive)).toEqual([])
  expect(segmentsIn(dataDir)).toEqual([])
  expect(site.log.join()).not.toContain('a worker died')
  await expectExactlyOnce(database.sql, ledger)
})
