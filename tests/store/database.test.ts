import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { fail, ok } from '../../src/lib/base/result.ts'
import {
  type Database,
  databaseFault,
  type LocateServer,
  openDatabase,
} from '../../src/lib/database/database.ts'
import { migrate } from '../../src/lib/database/migrate.ts'
import type { Sql } from '../../src/lib/database/sql.ts'
import { cancelAll } from '../../src/lib/database/statement-limit.ts'
import { atThisPace } from '../support/pace.ts'
import { startTestServer, type TestServer } from '../support/postgres-server.ts'
import { steadyPort } from '../support/steady-port.ts'
import { quickestOf, waitFor } from '../support/wait.ts'

const log = createLog('silent')
const unfound = () => Promise.resolve(fail({ message: 'nobody is there' }))
let server: TestServer
let opened: Database[] = []

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server?.remove())
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(opened.map((database) => database.close(100)))
  opened = []
})

const located: LocateServer = () => Promise.resolve(ok(server.url))

function open(locate: LocateServer = located, connections = 3): Database {
  const database = openDatabase({ locate, log, connections })
  opened.push(database)
  return database
}

const answer = (database: Database, deadline?: number) =>
  database.run((sql) => sql<{ one: number }[]>`select 1 as one`, deadline)

const recovered = (database: Database) =>
  waitFor(async () => expect(await answer(database, 2_000)).toMatchObject({ ok: true }))

/** Statements one after the other on several loops, until stopped. Returns the codes of their faults. */
function keepBusy(database: Database, deadline: number): () => Promise<Set<string>> {
  const over = new AbortController()
  const codes = new Set<string>()
  const loop = async (rows: number) => {
    while (!over.signal.aborted) {
      const outcome = await database.run((sql) => sql`select ${rows}::integer, pg_sleep(0.002)`, deadline)
      if (!outcome.ok) codes.add(outcome.fault.code)
    }
  }
  const loops = [1, 2, 3, 4, 5, 6].map(loop)
  return async () => {
    over.abort()
    await Promise.all(loops)
    return codes
  }
}

describe('a statement', () => {
  test('returns its rows, and the database is up', async () => {
    const database = open()
    expect(database.up).toBe(false)
    expect(await answer(database)).toEqual(ok([{ one: 1 }]))
    expect(database.up).toBe(true)
  })

  test('that outlives its deadline is a timeout, and the next has a fresh pool at once', async () => {
    const database = open(located, 1)
    const begun = performance.now()
    const late = await database.run((sql) => sql`select pg_sleep(90)`, 150)
    expect(late).toEqual(fail({ code: 'timeout', message: 'no answer in time' }))
    expect(database.up).toBe(false)
    expect(await answer(database)).toMatchObject({ ok: true })
    expect(performance.now() - begun).toBeLessThan(60_000)
  })

  test('of several that time out together, only the first closes the pool', async () => {
    const database = open(located, 4)
    await Promise.all([1, 2, 3, 4].map(() => answer(database)))
    const begun = performance.now()
    const sleeping = [300, 300, 90_000].map((deadline) =>
      database.run((sql) => sql`select pg_sleep(90)`, deadline),
    )
    const codes = (await Promise.all(sleeping)).map((outcome) => (outcome.ok ? 'ok' : outcome.fault.code))
    expect(performance.now() - begun).toBeLessThan(60_000)
    // The server may end the others before their connections are closed.
    const ended = expect.stringMatching(/^(timeout|unavailable)$/)
    expect(codes).toEqual(['timeout', ended, ended])
    expect(await answer(database)).toMatchObject({ ok: true })
  })

  test.for<[string, (sql: Sql) => PromiseLike<unknown>]>([
    ['a statement', (sql) => sql`select ${sql`1`}`],
    ['a text', (sql) => sql.unsafe('select 1')],
    ['the commit', () => Promise.resolve()],
    ['the rollback', () => Promise.reject(new Error('of ours'))],
  ])('of a transaction whose connection has ended is not sent: %s', async ([, send]) => {
    const database = open()
    const [begun, ended, sent] = [0, 1, 2].map(() => Promise.withResolvers<void>())
    const transaction = async (sql: Sql) => {
      await sql`select 1`
      begun?.resolve()
      await ended?.promise
      // The driver sends at the end of a turn.
      setTimeout(() => sent?.resolve(), 20)
      return await send(sql)
    }
    const outcome = database.run(transaction, 60_000)
    await begun?.promise
    await server.stop()
    expect(await outcome).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
    ended?.resolve()
    await sent?.promise
    await server.start()
    await recovered(database)
  })

  test('may have notices, which are ignored', async () => {
    const print = vi.spyOn(console, 'log')
    const noticed = await open().run((sql) => sql`do 'begin raise notice ''look here''; end'`)
    expect(noticed).toMatchObject({ ok: true })
    expect(print).not.toHaveBeenCalled()
  })

  test('that fails in the driver itself is a fault like any other, so that writers survive it', async () => {
    const database = open()
    const broken = { ok: false, fault: { code: 'unavailable', message: 'of null' } }
    expect(await database.run(() => Promise.reject(new TypeError('of null')))).toEqual(broken)
    expect(await database.run(() => Promise.reject('of null'))).toEqual(broken)
  })

  test.for([
    ['refused', '22003', 'select 3000000000::integer'],
    ['refused', '22P02', "select 'x'::uuid"],
    ['refused', '23514', 'insert into faults (id, size) values (5, -1)'],
    ['refused', '23502', 'insert into faults (id, size) values (6, null)'],
    ['conflict', '23505', 'insert into faults (id, size) values (1, 1)'],
    ['conflict', '23503', 'insert into faults (id, size, parent) values (2, 1, 77)'],
    ['conflict', '55P03', 'select id from faults for update nowait'],
    ['unavailable', '42P01', 'select * from nowhere'],
    ['timeout', '57014', "set local statement_timeout = '10ms'; select pg_sleep(5)"],
  ] as const)('with a fault is %s: %s', async ([code, state, statement]) => {
    const database = open()
    await database.run(
      (sql) => sql`
      create table if not exists faults (
        id integer primary key, size integer not null check (size > 0), parent integer references faults (id)
      )
    `,
    )
    await database.run((sql) => sql`insert into faults (id, size) values (1, 1) on conflict do nothing`)
    const holder = postgres(server.url, { max: 1 })
    const outcome = await holder.begin(async (held) => {
      await held`select id from faults for update`
      return await database.run((sql) => sql.unsafe(statement))
    })
    await holder.end()
    expect(outcome).toMatchObject({
      ok: false,
      fault: { code, message: expect.stringContaining(`(${state})`) },
    })
    expect(database.up).toBe(code === 'refused' || code === 'conflict')
  })

  test('on a connection from a read-only period works once that is over', async () => {
    const name = new URL(server.url).pathname.slice(1)
    const admin = postgres(server.url, { max: 1, onnotice: () => {} })
    await admin`create table if not exists writable (id integer)`
    await admin.unsafe(`alter database ${name} set default_transaction_read_only = on`)
    const database = open(located, 1)
    const write = () => database.run((sql) => sql`insert into writable values (1) returning id`)
    const reading = database.run((sql) => sql`select pg_sleep(1), 1 as one`)
    expect(await write()).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
    expect(await write()).toMatchObject({ ok: false, fault: { message: expect.stringContaining('25006') } })
    await admin.unsafe(`set default_transaction_read_only = off`)
    await admin.unsafe(`alter database ${name} reset default_transaction_read_only`)
    await admin.end()
    await waitFor(async () => expect(await write()).toEqual(ok([{ id: 1 }])), 200)
    expect(await reading).toMatchObject({ ok: true })
  })

  test('leaves no named statement behind, which a pooler in transaction mode would lose', async () => {
    const database = open(located, 1)
    await database.run((sql) => sql`select ${1}::integer`)
    const kept = await database.run((sql) => sql`select name from pg_prepared_statements`)
    expect(kept.ok && kept.value.length).toBe(0)
  })
})

describe('the server', () => {
  const blocked = (watcher: Database) =>
    watcher.run(
      (sql) => sql<{ pid: number }[]>`
        select pid from pg_stat_activity
        where application_name = 'promo' and state = 'active' and pid <> pg_backend_pid()
      `,
    )

  test('cancels abandoned statements, and commits none of them later', async () => {
    const watcher = open(located, 1)
    const holder = postgres(server.url, { max: 1, connection: { application_name: 'holder' } })
    await watcher.run((sql) => sql`create table if not exists held (id integer)`)
    const held = Promise.withResolvers<void>()
    const locked = Promise.withResolvers<void>()
    const holding = holder.begin(async (sql) => {
      await sql`lock table held in access exclusive mode`
      locked.resolve()
      await held.promise
    })
    await locked.promise
    const database = open(located, 4)
    const insert = (id: number, deadline: number) =>
      database.run((sql) => sql`insert into held (id) values (${id})`, deadline)
    const outcomes = await Promise.all([
      insert(1, 300),
      insert(2, 5_000),
      insert(3, 20_000),
      insert(4, 5_000),
    ])
    expect(outcomes.map(({ ok: done }) => done)).toEqual([false, false, false, false])
    await waitFor(async () => expect(await blocked(watcher)).toEqual(ok([])))
    held.resolve()
    await holding
    expect(await watcher.run((sql) => sql`select id from held`)).toEqual(ok([]))
    await holder.end()
  })

  const limit = (database: Database, deadline?: number) =>
    database.run((sql) => sql<{ statement_timeout: string }[]>`show statement_timeout`, deadline)

  test('ends a statement a moment after its deadline, even if it cannot be cancelled', async () => {
    const database = open(located, 1)
    expect(await limit(database)).toEqual(ok([{ statement_timeout: '12s' }]))
    expect(await limit(open(located, 1), 60_000)).toEqual(ok([{ statement_timeout: '62s' }]))
    expect(await limit(database, 60_000)).toEqual(ok([{ statement_timeout: '62s' }]))
    expect(await limit(database)).toEqual(ok([{ statement_timeout: '12s' }]))
    for (const _ of [1, 2]) {
      const refused = await database.run((sql) => sql`select ${'x'}::text::uuid`, 60_000)
      expect(refused).toMatchObject({ ok: false, fault: { code: 'refused' } })
    }
    expect(await limit(database)).toEqual(ok([{ statement_timeout: '12s' }]))
  })

  test('does no JIT compilation, which would take longer than any statement here', async () => {
    const compiling = (database: Database) => database.run((sql) => sql<{ jit: string }[]>`show jit`)
    expect(await compiling(open(located, 1))).toEqual(ok([{ jit: 'off' }]))
  })

  test('may be behind a pooler that rejects such a limit', async () => {
    const pooler = createServer((client) => {
      client.once('data', (startup) => {
        if (startup.includes('_timeout')) {
          const fields = 'SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: statement_timeout\0\0'
          const header = Buffer.from('E\0\0\0\0')
          header.writeInt32BE(fields.length + 4, 1)
          client.end(Buffer.concat([header, Buffer.from(fields)]))
          return
        }
        const upstream = connect(server.port, '127.0.0.1', () => upstream.write(startup))
        upstream.pipe(client).pipe(upstream)
        for (const end of [client, upstream]) end.on('error', () => {})
      })
    })
    pooler.listen(0, '127.0.0.1')
    await once(pooler, 'listening')
    const address = pooler.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const url = server.url.replace(`:${server.port}/`, `:${port}/`)
    const database = open(async () => ok(url))
    const both = await Promise.all([limit(database), limit(database, 60_000), limit(database)])
    expect(both).toEqual(['0', '62s', '0'].map((statement_timeout) => ok([{ statement_timeout }])))
    const chosen = open(async () => ok(`${url}?target_session_attrs=read-write`))
    expect(await limit(chosen)).toEqual(ok([{ statement_timeout: '0' }]))
    await chosen.close(100)
    const late = await database.run((sql) => sql`select pg_sleep(600)`, 300)
    expect(late).toMatchObject({ ok: false, fault: { code: 'timeout' } })
    await waitFor(async () => expect(await blocked(open())).toEqual(ok([])))
    await database.close(100)
    pooler.close()
  })
})

test('driver errors without a code can be tried again', () => {
  expect(databaseFault(new Error('went away'))).toEqual({ code: 'unavailable', message: 'went away' })
  expect(databaseFault(Object.assign(new Error('x'), { code: 7 }))).toEqual({
    code: 'unavailable',
    message: 'x (7)',
  })
  expect(databaseFault(Object.assign(new Error('slow'), { code: 'CONNECT_TIMEOUT' })).code).toBe('timeout')
  expect(databaseFault(Object.assign(new TypeError('x'), { code: 'ERR_X' }))).toMatchObject({
    code: 'unavailable',
  })
})

test('cancelling a statement of a server that takes no connection leaves no rejection unhandled', async () => {
  const way = createServer((client) => {
    const on = connect(server.port, '127.0.0.1')
    for (const socket of [client, on]) socket.on('error', () => {})
    client.pipe(on).pipe(client)
  })
  way.listen(0, '127.0.0.1')
  await once(way, 'listening')
  const address = way.address()
  const url = new URL(server.url)
  url.port = `${typeof address === 'object' && address?.port}`
  const sql = postgres(url.href, { max: 1, onnotice: () => {} })
  await sql`select`
  const statement = sql`select pg_sleep(30)`
  const ended = statement.catch(() => {})
  await sleep(100)
  way.close()
  const unhandled = vi.fn()
  process.on('unhandledRejection', unhandled)
  await cancelAll([statement], 10_000)
  await sleep(100)
  process.off('unhandledRejection', unhandled)
  expect(unhandled).not.toHaveBeenCalled()
  await sql.end({ timeout: 0 })
  await ended
})

describe('a server under load', () => {
  test.for([
    ['is stopped', 300, () => server.stop(), () => server.start()],
    ['is stopped', 10_000, () => server.stop(), () => server.start()],
    ['is killed', 300, () => server.kill(), () => server.start()],
    ['is killed', 10_000, () => server.kill(), () => server.start()],
    ['hangs', 300, async () => server.pause(), async () => server.resume()],
    ['hangs', 10_000, async () => server.pause(), async () => server.resume()],
  ] as const)(
    'that %s under deadlines of %i ms and comes back is used again within seconds',
    async (outage) => {
      const [, deadline, vanish, comeBack] = outage
      const database = open()
      const stopLoad = keepBusy(database, deadline)
      await recovered(database)
      await vanish()
      const gone = await answer(database, 300)
      expect(gone).toMatchObject({ ok: false })
      await sleep(700)
      expect(database.up).toBe(false)
      await comeBack()
      const back = performance.now()
      for (const _ of Array.from({ length: 8 })) {
        await waitFor(async () => expect(await answer(database, deadline)).toMatchObject({ ok: true }))
      }
      expect(performance.now() - back).toBeLessThan(20_000)
      const codes = await stopLoad()
      expect([...codes].filter((code) => code !== 'unavailable' && code !== 'timeout')).toEqual([])
    },
  )

  test('whose administrator ends all sessions, again and again, is used at once', async () => {
    const admin = openDatabase({ locate: located, log, connections: 1 })
    opened.push(admin)
    const database = open(located, 6)
    const stopLoad = keepBusy(database, 10_000)
    for (const _ of Array.from({ length: 8 })) {
      await recovered(database)
      await admin.run(
        (sql) => sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'promo' and pid <> pg_backend_pid()
      `,
      )
    }
    await stopLoad()
    const begun = performance.now()
    await Promise.all(Array.from({ length: 50 }, () => answer(database)))
    expect(performance.now() - begun).toBeLessThan(atThisPace(8_000))
    expect(await answer(database)).toMatchObject({ ok: true })
  })

  test.for([10_000, 20_000])(
    'that stops in the middle of a migration of %i ms fails it, and nothing else',
    async (deadline) => {
      const folder = await mkdtemp(join(tmpdir(), 'promo-migrations-'))
      await writeFile(join(folder, '001_slow.sql'), 'create table slow (id integer); select pg_sleep(20);')
      const database = open()
      const run = () => database.run((sql) => migrate(sql, pathToFileURL(`${folder}/`)), deadline)
      const migrating = [run(), run()]
      await sleep(300)
      await server.stop()
      const outcomes = await Promise.all(migrating)
      await server.start()
      await writeFile(join(folder, '001_slow.sql'), 'create table slow (id integer);')
      await recovered(database)
      expect(outcomes.map((outcome) => outcome.ok || outcome.fault.code)).toEqual([
        'unavailable',
        'unavailable',
      ])
      expect(await run()).toEqual(ok(['001_slow.sql']))
      await database.run((sql) => sql`drop table slow, promo_migrations`)
      await rm(folder, { recursive: true })
    },
  )

  test('that is not there at the start is used when it appears', async () => {
    await server.stop()
    const database = open()
    expect(await answer(database, 1_000)).toMatchObject({ ok: false })
    await server.start()
    await recovered(database)
  })
})

describe('the address of the server', () => {
  test('is looked up again every three seconds until it is found', async () => {
    const warn = vi.spyOn(log, 'warn')
    const locate = vi.fn<LocateServer>().mockImplementationOnce(unfound).mockImplementation(located)
    const database = open(locate)
    expect(await answer(database)).toEqual(fail({ code: 'unavailable', message: 'nobody is there' }))
    expect(warn).toHaveBeenCalledWith({ reason: 'nobody is there' }, 'the database cannot be used')
    expect(await answer(database)).toEqual(fail({ code: 'unavailable', message: 'nobody is there' }))
    expect(locate).toHaveBeenCalledTimes(1)
    const later = performance.now() + 3_001
    vi.spyOn(performance, 'now').mockImplementation(() => later)
    expect(await answer(database)).toMatchObject({ ok: true })
    await answer(database)
    expect(locate).toHaveBeenCalledTimes(2)
  })

  test('is looked up once for many statements at a time', async () => {
    const locate = vi.fn<LocateServer>(located)
    const database = open(locate)
    await Promise.all([1, 2, 3, 4].map(() => answer(database)))
    expect(locate).toHaveBeenCalledTimes(1)
  })

  test('is looked up no longer than the deadline allows', async () => {
    const database = open(() => new Promise(() => {}))
    const late = async () =>
      expect(await answer(database, 100)).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
    expect(await quickestOf(1_000, late)).toBeLessThan(atThisPace(1_000))
  })

  test('is looked up every three seconds while the server is away, even if the look-up throws', async () => {
    const nobody = `postgres://promo@127.0.0.1:${await steadyPort()}/promo`
    const locate = vi.fn<LocateServer>().mockResolvedValueOnce(ok(nobody))
    locate.mockRejectedValueOnce(new Error('no disk')).mockImplementation(located)
    const database = open(locate)
    const fails = async () =>
      expect(await answer(database, 2_000)).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
    for (const _ of [1, 2, 3]) await fails()
    expect(locate).toHaveBeenCalledTimes(1)
    const passing = vi.spyOn(performance, 'now')
    for (const asked of [2, 3]) {
      const later = performance.now() + 3_001
      passing.mockImplementation(() => later)
      await fails()
      expect(locate).toHaveBeenCalledTimes(asked)
    }
    await waitFor(async () => expect(await answer(database, 2_000)).toMatchObject({ ok: true }))
    expect(locate).toHaveBeenCalledTimes(3)
  })
})

describe('closing', () => {
  test('waits for statements under way, and refuses later ones', async () => {
    const database = open()
    await answer(database)
    const running = database.run((sql) => sql`select pg_sleep(0.2)`)
    await sleep(50)
    await database.close(60_000)
    expect(await running).toMatchObject({ ok: true })
    expect(await answer(database)).toEqual(fail({ code: 'unavailable', message: 'the database is closed' }))
  })

  test('does not wait longer than its deadline', async () => {
    const database = open()
    await answer(database)
    const running = database.run((sql) => sql`select pg_sleep(90)`)
    await sleep(50)
    const begun = performance.now()
    await database.close(100)
    expect(performance.now() - begun).toBeLessThan(60_000)
    expect(await running).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
  })

  test('works before any statement, and while the server is being located', async () => {
    await open().close()
    const search = Promise.withResolvers<ReturnType<typeof ok<string>>>()
    const database = open(() => search.promise)
    const asked = answer(database)
    await database.close()
    search.resolve(ok(server.url))
    expect(await asked).toMatchObject({ ok: false })
  })
})
