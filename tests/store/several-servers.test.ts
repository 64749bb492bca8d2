import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { ok } from '../../src/lib/base/result.ts'
import { openEventBuffer } from '../../src/lib/buffer/event-buffer.ts'
import { type Database, openDatabase } from '../../src/lib/database/database.ts'
import { migrate } from '../../src/lib/database/migrate.ts'
import type { TrackingEvent } from '../../src/lib/model/event.ts'
import { eventRecorder, keepRecorded } from '../../src/lib/tracking/record-events.ts'
import { findDrift, insertPromos } from '../support/database.ts'
import { aClick, anImpression, aSurplus } from '../support/events.ts'
import { temporaryFolder } from '../support/folders.ts'
import { atThisPace } from '../support/pace.ts'
import { patience } from '../support/patience.ts'
import { startStandby, startTestServer, type TestServer } from '../support/postgres-server.ts'
import { waitFor } from '../support/wait.ts'

/** Milliseconds within which writing goes on once there is a server to write to. */
const bound = 20_000

let primary: TestServer
let standby: TestServer

beforeAll(async () => {
  primary = await startTestServer()
  const sql = postgres(primary.url, { max: 1 })
  await sql`create table written (server integer)`
  await sql.end()
  standby = await startStandby(primary)
})
afterAll(async () => {
  await primary?.remove()
  await standby?.remove()
})

const told: { msg: string; reason?: string }[] = []

/** A URL of servers in this order; ports are of 127.0.0.1. */
function urlOf(ports: number[], query = '') {
  const { username, password, pathname } = new URL(primary.url)
  const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',')
  return `postgres://${username}:${password}@${hosts}${pathname}${query}`
}

function open(url: string): Database {
  told.length = 0
  const log = pino({ level: 'info' }, { write: (line: string) => told.push(JSON.parse(line)) })
  const database = openDatabase({ locate: async () => ok(url), log, connections: 2 })
  onTestFinished(() => database.close(100))
  return database
}

/** Writes, and answers the port of the server that took it. */
const write = (database: Database, deadline?: number) =>
  database.run(
    (sql) => sql<{ server: number }[]>`
      insert into written values (current_setting('port')::integer) returning server
    `,
    deadline,
  )

const written = (server: TestServer) => ok([{ server: server.port }])

async function promote({ url }: TestServer): Promise<number> {
  const sql = postgres(url, { max: 1 })
  await sql`select pg_promote()`
  await sql.end()
  return performance.now()
}

/** Writes on and on, as the flusher does, with its deadline. Answers how long that took from a moment on. */
async function untilWritten(database: Database, server: TestServer, since: Promise<number>): Promise<number> {
  for (;;) {
    const outcome = await write(database, 10_000)
    if (outcome.ok && outcome.value[0]?.server === server.port) return performance.now() - (await since)
    await sleep(500)
  }
}

test('the writable one is found at the start, whatever its position', async () => {
  for (const query of ['', '?target_session_attrs=read-write', '?target_session_attrs=primary'])
    expect(await write(open(urlOf([standby.port, primary.port], query)))).toEqual(written(primary))
  const reads = open(urlOf([standby.port, primary.port], '?target_session_attrs=any'))
  expect(await write(reads)).toMatchObject({
    fault: { code: 'unavailable', message: expect.stringContaining('25006') },
  })
})

test('a machine that accepts no connection, or does not answer, delays the next until its timeout', async () => {
  const silent = createServer(() => {})
  await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening))
  const address = silent.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const begun = performance.now()
  const database = open(urlOf([port, primary.port]).replace('@', '@192.0.2.1:5432,'))
  expect(await write(database, 60_000)).toEqual(written(primary))
  expect(performance.now() - begun).toBeLessThan(atThisPace(bound))
  silent.close()
})

test('why none is acceptable is logged once, per server', async () => {
  const database = open(urlOf([1, standby.port]))
  const fault = expect.stringMatching(/^127.0.0.1:1: .*ECONNREFUSED.*; 127.0.0.1:\d+: a standby$/)
  for (const _ of [1, 2])
    expect(await write(database)).toMatchObject({ fault: { code: 'unavailable', message: fault } })
  const reason = expect.stringMatching(
    /^DATABASE_URL: 127.0.0.1:1: .*ECONNREFUSED.*: nothing listens there.*; 127.0.0.1:\d+: a standby$/,
  )
  expect(told).toMatchObject([{ msg: 'the database cannot be used', reason }])
})

test('a primary that accepts no writes is acceptable if a primary is wanted', async () => {
  const sql = postgres(primary.url, { max: 1 })
  await sql`alter system set default_transaction_read_only = on`
  await sql`select pg_reload_conf()`
  await waitFor(async () => {
    const fault = `127.0.0.1:${primary.port}: accepts no writes`
    expect(await write(open(urlOf([primary.port], '?target_session_attrs=read-write')))).toMatchObject({
      fault: { code: 'unavailable', message: fault },
    })
  })
  const chosen = open(urlOf([standby.port, primary.port], '?target_session_attrs=primary'))
  const where = await chosen.run((one) => one<{ port: string }[]>`show port`)
  expect(where).toEqual(ok([{ port: `${primary.port}` }]))
  const waiting = open(urlOf([standby.port, primary.port]))
  expect(await write(waiting)).toMatchObject({ ok: false })
  await sql`set default_transaction_read_only = off`
  await sql`alter system reset default_transaction_read_only`
  await sql`select pg_reload_conf()`
  await untilWritten(waiting, primary, Promise.resolve(0))
  await sql.end()
})

async function portOf(database: Database): Promise<number | undefined> {
  const found = await database.run((sql) => sql<{ port: string }[]>`show port`)
  return found.ok ? Number(found.value[0]?.port) : undefined
}

/** A site's way into the database. */
async function openSite(url: string) {
  const database = open(url)
  const config = { DATABASE_URL: url, PROMO_JOURNAL_KEEP_MINUTES: 10, PROMO_RETAIN_DETAILS_DAYS: 30 }
  const site = openEventBuffer({
    folder: temporaryFolder(),
    sync: 'write',
    maxBytes: 1e9,
    maxEvents: 10_000,
    record: eventRecorder(database),
    keep: keepRecorded(database, config),
    now: Date.now,
    log: createLog('silent'),
    onFault: () => {},
    onFlush: () => {},
    onDamaged: () => {},
  })
  onTestFinished(() => site.close(0))
  await site.tend()
  return {
    ...site,
    database,
    async take(events: TrackingEvent[]) {
      await Promise.all(events.map((event) => site.buffer.accept(event)))
      expect(await site.flusher.drained(patience)).toBe(true)
    },
  }
}

const anHour = (of: string) =>
  Array.from({ length: 100 }, (_, n) => [
    aClick({ at: Date.now(), user_agent: `${of} ${n}` }),
    anImpression({ at: Date.now(), newsletter_send_id: `${of} ${n}` }),
    aSurplus({ at: Date.now(), clicks: 3 }),
  ]).flat()

const countEvents = async (sql: postgres.Sql) =>
  await sql`
    select (select count(*)::integer from promo_click_tracking) as clicks,
      (select count(*)::integer from promo_impression_tracking) as impressions,
      (select sum(clicks)::integer from promo_surplus_clicks) as surplus
  `

test('a hanging primary is abandoned, and what its standby lacks is recorded again, once', async () => {
  const [before, after] = [primary, standby].map(({ url }) => postgres(url, { max: 1, onnotice: () => {} }))
  if (!before || !after) throw new Error('no servers')
  await migrate(before)
  await insertPromos(before)
  const site = await openSite(urlOf([primary.port, standby.port]))
  await site.take(anHour('had'))
  await waitFor(async () =>
    expect(await countEvents(after)).toEqual([{ clicks: 100, impressions: 100, surplus: 300 }]),
  )
  await after`alter system set primary_conninfo = ''`
  await after`select pg_reload_conf()`
  await waitFor(async () => expect(await before`select 1 from pg_stat_replication`).toEqual([]))
  await site.take(anHour('lost'))
  expect(await countEvents(before)).toEqual([{ clicks: 200, impressions: 200, surplus: 600 }])
  await before.end()

  primary.pause()
  const waiting = anHour('waited').map((event) => site.buffer.accept(event))
  await sleep(500)
  const since = await promote(standby)
  await Promise.all(waiting)
  expect(await site.flusher.drained(patience)).toBe(true)
  expect(performance.now() - since).toBeLessThan(atThisPace(bound))
  expect(await countEvents(after)).toEqual([{ clicks: 200, impressions: 200, surplus: 600 }])
  await site.tend()
  const whole = [{ clicks: 300, impressions: 300, surplus: 900 }]
  expect(await countEvents(after)).toEqual(whole)
  expect(await findDrift(after)).toEqual([])
  await site.tend()
  expect(await countEvents(after)).toEqual(whole)

  primary.resume()
  expect(await portOf(open(urlOf([primary.port, standby.port])))).toBe(primary.port)
  await after`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'promo' and pid <> pg_backend_pid()
  `
  await waitFor(async () => expect(await portOf(site.database)).toBe(standby.port))
  await after.end()
})
