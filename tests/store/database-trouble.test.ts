import { execFileSync } from 'node:child_process'
import { chownSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { ok } from '../../src/lib/base/result.ts'
import { type Database, openDatabase } from '../../src/lib/database/database.ts'
import { migrate } from '../../src/lib/database/migrate.ts'
import type { Sql } from '../../src/lib/database/sql.ts'
import { withRemedy } from '../../src/lib/database/trouble.ts'
import { startTestServer, type TestServer } from '../support/postgres-server.ts'
import { waitUntil } from '../support/wait.ts'

const log = createLog('silent')
let server: TestServer
let owner: postgres.Sql
const opened: Database[] = []

beforeAll(async () => {
  server = await startTestServer()
  owner = postgres(server.url, { max: 1, onnotice: () => {} })
  await owner`create role plain login password 'a-password'`
  await owner`create role few login password 'a-password' connection limit 0`
})
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(opened.splice(0).map((database) => database.close(0)))
})
afterAll(async () => {
  await owner?.end()
  await server?.remove()
})

const urlWith = (
  change: Partial<Record<'username' | 'password' | 'hostname' | 'port' | 'pathname' | 'search', string>>,
) => Object.assign(new URL(server.url), change).href
const plain = { username: 'plain', password: 'a-password' }

function open(url: string, embedded = false): Database {
  const database = openDatabase({ locate: async () => ok(url), log, connections: 1, embedded })
  opened.push(database)
  return database
}

const question = (sql: Sql): PromiseLike<unknown> => sql`select 1`

/** What is logged and shown of a database at this address, which must be the same. */
async function troubleOf(url: string, work = question): Promise<string | undefined> {
  const warn = vi.spyOn(log, 'warn')
  const database = open(url)
  for (const _ of [1, 2]) expect(await database.run(work, 2_500)).toMatchObject({ ok: false })
  expect(warn).toHaveBeenCalledExactlyOnceWith({ reason: database.trouble }, 'the database cannot be used')
  expect(database.trouble).not.toContain(new URL(server.url).password)
  warn.mockRestore()
  return database.trouble
}

const here = () => `DATABASE_URL (127.0.0.1:${server.port}, database promo): `

test('each cause is distinguished, with its place and what to do about it', async () => {
  const causes: [string, string][] = [
    [
      urlWith({ password: 'wrong' }),
      `${here()}password authentication failed for user "promo" (28P01): correct its user`,
    ],
    [
      urlWith({ hostname: 'db.nowhere.invalid' }),
      `DATABASE_URL (db.nowhere.invalid:${server.port}, database promo): `,
    ],
    [urlWith({ hostname: 'db.nowhere.invalid' }), 'no such host is known'],
    [
      urlWith({ port: '1' }),
      'DATABASE_URL (127.0.0.1:1, database promo): connect ECONNREFUSED 127.0.0.1:1 (ECONNREFUSED): nothing listens',
    ],
    [
      'postgres://a:b@%2Fnowhere/promo',
      'DATABASE_URL (/nowhere/.s.PGSQL.5432, database promo): connect ENOENT',
    ],
    [
      urlWith({ pathname: '/missing' }),
      ', database missing): database "missing" does not exist (3D000): correct its name',
    ],
    [urlWith({ search: '?sslmode=require' }), 'the server offers no TLS'],
    [
      urlWith({ ...plain, username: 'few' }),
      'too many connections for role "few" (53300): end other connections',
    ],
  ]
  for (const [url, told] of causes) expect(await troubleOf(url)).toContain(told)
})

test('a user without the right to create tables is reported, not the errors that follow', async () => {
  const warn = vi.spyOn(log, 'warn')
  const database = open(urlWith(plain))
  await database.run((sql) => migrate(sql))
  await database.run((sql) => sql`select from promo_offers`)
  expect(database.trouble).toBe(
    `${here()}permission denied for schema public (42501): grant its user what "Roles and privileges" in ` +
      'db/README.md names',
  )
  expect(warn).toHaveBeenCalledOnce()
  await database.run(question)
  expect(database.trouble).toBeUndefined()
})

test('a schema that does not exist, and a database that is set to be only read, are named', async () => {
  const make = (sql: Sql) => sql`create table anything (one integer)`
  expect(await troubleOf(urlWith({ search: '?schema=nowhere' }), make)).toContain(
    '(3F000): create the schema that the URL',
  )
  const search = '?options=-c%20default_transaction_read_only%3Don'
  expect(await troubleOf(urlWith({ search }), make)).toContain('or reset default_transaction_read_only')
})

test.each([
  'certificate has expired (CERT_HAS_EXPIRED)',
  'certificate is not yet valid (CERT_NOT_YET_VALID)',
])('%s is not a matter of who signed it', (reason) => {
  expect(withRemedy(reason)).toMatch(/: renew the server's certificate/)
})

test('the cause is the last one of a server that starts and then has no free connection', async () => {
  await owner`alter system set max_connections = 8`
  await owner`alter system set reserved_connections = 1`
  await owner`alter system set max_wal_senders = 0`
  await server.stop()
  const warn = vi.spyOn(log, 'warn')
  const database = open(urlWith(plain))
  await database.run(question)
  expect(database.trouble).toContain('nothing listens there')
  await server.start()
  const held = Array.from({ length: 4 }, () => postgres(urlWith(plain), { max: 1 }))
  await Promise.all(held.map((sql) => sql`select 1`))
  await database.run(question)
  expect(database.trouble).toContain('(53300): end other connections, raise max_connections')
  expect(warn).toHaveBeenCalledTimes(2)
  await Promise.all(held.map((sql) => sql.end()))
  await waitUntil(async () => (await database.run(question)).ok)
  expect(database.trouble).toBeUndefined()
})

test('a wrong TLS setting is named', async () => {
  const file = (name: string) => join(server.cluster, name)
  const made = ['-subj', '/CN=other.example', '-out', file('server.crt'), '-keyout', file('server.key')]
  execFileSync('openssl', ['req', '-new', '-x509', '-nodes', ...made], { stdio: 'ignore' })
  const { uid, gid } = statSync(server.cluster)
  for (const name of ['server.crt', 'server.key']) chownSync(file(name), uid, gid)
  await owner`alter system set ssl = on`
  await owner`select pg_reload_conf()`
  await waitUntil(async () => (await open(urlWith({ search: '?sslmode=require' })).run(question)).ok)
  expect(await troubleOf(urlWith({ search: '?sslmode=verify-full' }))).toContain(
    '(DEPTH_ZERO_SELF_SIGNED_CERT): name who signed',
  )
  const search = `?sslmode=verify-full&sslrootcert=${file('server.crt')}`
  expect(await troubleOf(urlWith({ hostname: 'localhost', search }))).toContain(
    'name the host as its certificate does',
  )
  const rules = readFileSync(file('pg_hba.conf'), 'utf8')
  writeFileSync(file('pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n')
  await owner`select pg_reload_conf()`
  await waitUntil(async () => !(await open(server.url).run(question)).ok)
  expect(await troubleOf(server.url)).toContain('no encryption (28000): add sslmode=require')
  writeFileSync(file('pg_hba.conf'), rules)
  await owner`select pg_reload_conf()`
  await waitUntil(async () => (await open(server.url).run(question)).ok)
})

test('a program that is not a PostgreSQL server is recognised by its silence, unlike a slow statement', async () => {
  const silent = createServer((socket) => socket.on('error', () => {}))
  await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening))
  const address = silent.address()
  const port = typeof address === 'object' && address ? `${address.port}` : ''
  expect(await troubleOf(urlWith({ port }))).toMatch(
    /: (no answer in time|write CONNECT_TIMEOUT .*): correct its host and port/,
  )
  silent.close()
  const database = open(urlWith(plain))
  await database.run(question)
  await database.run((sql) => sql`select pg_sleep(1)`, 100)
  expect(database.trouble).toBeUndefined()
})

test('the embedded server has no setting to correct', async () => {
  const database = open(urlWith({ port: '1' }), true)
  await database.run(question)
  expect(database.trouble).toBe(
    'the embedded PostgreSQL (127.0.0.1:1, database promo): connect ECONNREFUSED 127.0.0.1:1 (ECONNREFUSED)',
  )
})
