import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Sql } from '../../src/lib/database/sql.ts'
import { atThisPace } from '../support/pace.ts'
import type { TestServer } from '../support/postgres-server.ts'
import { waitFor } from '../support/wait.ts'
import { outageTest, readHealth, untilDrained } from './fixture.ts'
import { createLedger, expectExactlyOnce } from './ledger.ts'

type Outage = {
  how: string
  begin: (server: TestServer) => Promise<void>
  end: (server: TestServer) => Promise<void>
}

const outages: Outage[] = [
  { how: 'is stopped', begin: (server) => server.stop(), end: (server) => server.start() },
  { how: 'is killed', begin: (server) => server.kill(), end: (server) => server.start() },
  { how: 'hangs', begin: async (server) => server.pause(), end: async (server) => server.resume() },
]

/** Stated bars: how much slower the slowest hundredth of the redirects may be, and how long a report may take. */
const slower = 5
const graceMilliseconds = 20
const reportMilliseconds = 2_000
const recoveryMilliseconds = 60_000

outageTest.for(outages)(
  'PostgreSQL $how under load and comes back',
  async (outage, { server, database, start }) => {
    const site = await start()
    const { url } = site
    const ledger = createLedger()
    const visits = { url, connections: 8, pause: 10 }
    const before = await ledger.load('visit', { ...visits, seconds: 1 })
    await untilDrained(site)

    const load = new AbortController()
    const during = ledger.load('visit', { ...visits, signal: load.signal })
    await sleep(200)
    await outage.begin(server)
    const reports = { url, connections: 2, pause: 50, seconds: 2 }
    const [clicks, impressions] = await Promise.all([
      ledger.load('report', { ...reports, requests: 400 }),
      ledger.load('impression', { ...reports, requests: 150 }),
      waitFor(async () => expect((await readHealth(site)).code).toBe(503)),
    ])
    load.abort()
    const redirects = await during
    await outage.end(server)
    const back = performance.now()
    await untilDrained(site)
    expect(performance.now() - back).toBeLessThan(atThisPace(recoveryMilliseconds))

    expect(before.failures + redirects.failures).toBe(0)
    expect(redirects.statuses).toEqual({ 307: redirects.answered })
    expect(redirects.p99).toBeLessThan(before.p99 * slower + 1_000 * atThisPace(graceMilliseconds))
    expect(clicks.statuses).toEqual({ 503: clicks.answered })
    expect(impressions.statuses).toEqual({ 503: impressions.answered })
    // What a busy machine adds to a report it adds to a redirect, too.
    expect(Math.max(clicks.max, impressions.max)).toBeLessThan(
      1_000 * atThisPace(reportMilliseconds) + redirects.max,
    )
    expect(await readHealth(site)).toMatchObject({ code: 200, status: 'ok', rejects: 0 })
    await expectExactlyOnce(database.sql, ledger)
    expect(await outOfOrder(database.sql)).toEqual([])
  },
)

/** Clicks that were recorded after one that happened later. */
const outOfOrder = (sql: Sql) => sql`
  select * from (
    select id, clicked_at, lag(clicked_at) over (order by id) as before from promo_click_tracking
  ) clicks
  where clicked_at < before
  limit 3
`
