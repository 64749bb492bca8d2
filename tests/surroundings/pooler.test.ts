import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { ok } from '../../src/lib/base/result.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import { readHealth, test, untilDrained } from '../crash/fixture.ts'
import { createLedger, expectExactlyOnce } from '../crash/ledger.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { temporaryFolder } from '../support/folders.ts'
import { settleAll } from '../support/settled.ts'
import { steadyPort } from '../support/steady-port.ts'
import { waitFor } from '../support/wait.ts'

/** PgBouncer refuses to run as root. */
const account = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
const missing =
  spawnSync('pgbouncer', ['--version']).status === 0
    ? undefined
    : 'PgBouncer is not installed (apt-get install pgbouncer)'

type Pooler = { url: string; stop(): Promise<void>; start(): Promise<void> }

/** PgBouncer in transaction mode, with so few connections that each serves many clients in turn. */
async function openPooler(database: string): Promise<Pooler> {
  const { hostname, port, username, password, pathname } = new URL(database)
  const folder = temporaryFolder()
  chmodSync(folder, 0o755)
  const ownPort = await steadyPort()
  const file = join(folder, 'pgbouncer.ini')
  writeFileSync(join(folder, 'users'), `"${username}" "${password}"\n`)
  writeFileSync(
    file,
    `[databases]
* = host=${hostname} port=${port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${ownPort}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${folder}/users
pool_mode = transaction
default_pool_size = 3
server_login_retry = 1
`,
  )
  let child: ChildProcess
  const start = async (): Promise<void> => {
    child = spawn('pgbouncer', [file], { stdio: ['ignore', 'ignore', 'pipe'], ...account })
    let told = ''
    child.stderr?.on('data', (text) => {
      told += text
    })
    await waitFor(() => expect(told).toContain('listening on 127.0.0.1'))
  }
  await start()
  return {
    url: `postgres://${username}:${password}@127.0.0.1:${ownPort}${pathname}`,
    start,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}

const pooled = test.extend<{ database: TestDatabase; pooler: Pooler }>({
  database: async ({ task: _ }, use) => {
    const database = await createTestDatabase({ empty: true })
    await use(database)
    await database.drop()
  },
  pooler: async ({ database }, use) => {
    const pooler = await openPooler(database.url)
    await use(pooler)
    await pooler.stop()
  },
})

describe.skipIf(missing)(`PgBouncer in transaction mode${missing ? `: ${missing}` : ''}`, () => {
  pooled(
    'two sites that start at once migrate, record and settle, whatever happens to it',
    async ({ database, pooler, start }) => {
      const sites = await Promise.all(
        [1, 2].map(() => start({ DATABASE_URL: pooler.url, PROMO_DATA_DIR: temporaryFolder() })),
      )
      await Promise.all(sites.map((site) => untilDrained(site)))
      await insertPromos(database.sql)
      const ledger = createLedger()
      const load = () =>
        Promise.all(
          sites.flatMap(({ url }) => [
            ledger.load('visit', { url, connections: 8, requests: 400 }),
            ledger.load('report', { url, connections: 2, requests: 40 }),
            ledger.load('impression', { url, connections: 2, requests: 40 }),
          ]),
        )
      expect((await load()).map(({ failures }) => failures)).toEqual(Array(6).fill(0))
      await pooler.stop()
      await Promise.all(sites.map(({ url }) => ledger.load('visit', { url, connections: 4, requests: 200 })))
      await pooler.start()
      await Promise.all(sites.map((site) => untilDrained(site)))
      await load()
      await Promise.all(sites.map((site) => untilDrained(site)))
      await expectExactlyOnce(database.sql, ledger)
      expect(ledger.strange).toEqual([])
      const through = openDatabase({ locate: async () => ok(pooler.url), log: createLog('silent') })
      await settleAll(through)
      await through.close()
      expect(await findDrift(database.sql)).toEqual([])
      expect(
        sites.flatMap(({ log }) => log).filter((line) => /prepared statement|"uncaught/.test(line)),
      ).toEqual([])
    },
  )

  pooled(
    'values that would be misread are not read: health names the setting of the role',
    async ({ database, pooler, start }) => {
      const [{ name } = { name: '' }] = await database.sql<
        { name: string }[]
      >`select current_database() as name`
      const set = (value: string) =>
        database.sql.unsafe(`alter database ${name} set extra_float_digits = ${value}`)
      await database.sql.unsafe(`alter database ${name} set bytea_output = 'escape'`)
      await database.sql.unsafe(`alter database ${name} set DateStyle = 'SQL, DMY'`)
      await set('-15')
      const site = await start({ DATABASE_URL: pooler.url })
      await waitFor(async () =>
        expect((await readHealth(site)).database).toMatchObject({ ok: false, fault: 'unsuitable' }),
      )
      await waitFor(() => expect(site.log.join('\n')).toContain('set extra_float_digits = 1'))
      await set('1')
      await pooler.stop()
      await pooler.start()
      await untilDrained(site)
    },
  )

  pooled.for(['idle_session_timeout', 'idle_in_transaction_session_timeout'])(
    'a database whose connections end at once (%s) is refused with the remedy',
    async (name, { database, pooler }) => {
      const [{ own } = { own: '' }] = await database.sql<{ own: string }[]>`select current_database() as own`
      await database.sql`alter database ${database.sql(own)} set ${database.sql(name)} = 1`
      const through = openDatabase({ locate: async () => ok(pooler.url), log: createLog('silent') })
      await waitFor(async () =>
        expect(await through.run((sql) => sql`select 1 as one`)).toMatchObject({
          fault: { code: 'unsuitable', message: expect.stringContaining(`set ${name} = 0`) },
        }),
      )
      await through.close()
    },
  )
})
