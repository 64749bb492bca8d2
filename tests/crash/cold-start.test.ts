import { expect } from 'vitest'
import { outageTest, readHealth, untilDrained, visit } from './fixture.ts'
import { createLedger, expectExactlyOnce } from './ledger.ts'

outageTest(
  'a start without the database redirects by what an earlier run knew',
  async ({ server, database, start }) => {
    const ledger = createLedger()
    const earlier = await start()
    await ledger.load('visit', { url: earlier.url, connections: 1, requests: 3 })
    expect(await earlier.stop()).toBe(0)
    await server.stop()
    try {
      const site = await start()
      const cold = await ledger.load('visit', { url: site.url, connections: 4, requests: 200 })
      expect(cold).toMatchObject({ answered: 200, failures: 0, statuses: { 307: 200 } })
      const reports = await ledger.load('report', { url: site.url, connections: 1, requests: 2 })
      expect(reports.statuses).toEqual({ 503: 2 })
      expect(await readHealth(site)).toMatchObject({ code: 503, status: 'degraded', database: { ok: false } })
      await server.start()
      await untilDrained(site)
    } finally {
      await server.start().catch(() => {})
    }
    await expectExactlyOnce(database.sql, ledger)
  },
)

outageTest(
  'the very first start without the database answers 404 until it comes',
  async ({ server, database, start }) => {
    await database.sql`select 1`
    await server.stop()
    const ledger = createLedger()
    try {
      const site = await start()
      expect(await visit(site)).toBe(404)
      expect(await readHealth(site)).toMatchObject({ code: 503, status: 'degraded' })
      await server.start()
      await untilDrained(site)
      const visits = await ledger.load('visit', { url: site.url, connections: 2, requests: 20 })
      expect(visits.statuses).toEqual({ 307: 20 })
      await untilDrained(site)
    } finally {
      await server.start().catch(() => {})
    }
    await expectExactlyOnce(database.sql, ledger)
  },
)
