import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { waitFor } from '../support/wait.ts'
import { readHealth, readMetric, test, untilDrained } from './fixture.ts'
import { createLedger } from './ledger.ts'

test('the journal folder is deleted under load: memory is written again, the rest is reported as lost', async ({
  database,
  dataDir,
  start,
}) => {
  const journal = join(dataDir, 'journal')
  const site = await start()
  const ledger = createLedger()
  const visit = (requests: number) => ledger.load('visit', { url: site.url, connections: 8, requests })
  await database.sql.begin(async (sql) => {
    await sql`lock table promo_click_tracking in access exclusive mode`
    await visit(9_000)
    const under = visit(3_000)
    rmSync(journal, { recursive: true })
    await under
    await waitFor(() => expect(readdirSync(journal).length).toBeGreaterThan(2))
  })
  await waitFor(async () => expect((await readHealth(site)).journal.depth).toBe(0))
  const lost = await readMetric(site, 'promo_events_lost_total')
  const [counted] = await database.sql<{ clicks: number }[]>`
    select count(*)::integer as clicks from promo_click_tracking`
  expect(lost).toBeGreaterThan(0)
  expect((counted?.clicks ?? 0) + lost).toBe(12_000)
  expect(await readHealth(site)).toMatchObject({ code: 503, status: 'degraded' })
  await waitFor(() => expect(site.log.join()).toContain('was deleted before'))
})

test('clicks from before the folder was deleted survive a kill once the deletion was noticed', async ({
  database,
  dataDir,
  start,
}) => {
  const journal = join(dataDir, 'journal')
  const site = await start()
  const ledger = createLedger()
  await database.sql.begin(async (sql) => {
    await sql`lock table promo_click_tracking in access exclusive mode`
    await ledger.load('visit', { url: site.url, connections: 4, requests: 500 })
    rmSync(journal, { recursive: true })
    // A file is there before its bytes are; the site reports when they are.
    const again = () => site.log.map((line) => Number(/"events":(\d+).*written again/.exec(line)?.[1] ?? 0))
    const sum = () => again().reduce((before, events) => before + events, 0)
    await waitFor(() => expect(sum()).toBe(500))
    await site.kill()
  })
  await untilDrained(await start())
  const [counted] = await database.sql<{ clicks: number }[]>`
    select count(*)::integer as clicks from promo_click_tracking`
  expect(counted?.clicks).toBe(500)
})
