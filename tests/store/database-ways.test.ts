import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, connect as openSocket, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createSecureContext, TLSSocket } from 'node:tls'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { ok } from '../../src/lib/base/result.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { temporaryFolder } from '../support/folders.ts'

let store: TestDatabase
let who: string
let name: string
let upstream: { host: string; port: number }

beforeAll(async () => {
  store = await createTestDatabase({ empty: true })
  const url = new URL(store.url)
  who = `${url.username}:${url.password}`
  name = url.pathname.slice(1)
  upstream = { host: url.hostname, port: Number(url.port) }
})
afterAll(() => store?.drop())

const pipe = (client: Socket, first?: Buffer): void => {
  const server = openSocket(upstream.port, upstream.host, () => first && server.write(first))
  server.pipe(client).pipe(server)
  for (const end of [client, server]) end.on('error', () => {})
}

/** Listens where PostgreSQL does not, and hands everything on to it. */
async function listen(where: { host?: string; path?: string }, handle = (client: Socket) => pipe(client)) {
  const server: Server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(where.path ? where : { port: 0, ...where }, resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

async function ask(url: string, authority?: string) {
  const told: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => told.push(JSON.parse(line).reason) })
  const database = openDatabase({ locate: async () => ok(url), log, connections: 1, authority })
  const answer = await database.run(
    (sql) => sql<{ name: string }[]>`select current_database() as name`,
    3_000,
  )
  await database.close(100)
  return { answer, told }
}
const works = async (url: string, authority?: string) =>
  expect((await ask(url, authority)).answer).toEqual(ok([{ name }]))

test('an IPv6 address', async () => {
  const port = await listen({ host: '::1' })
  await works(`postgres://${who}@[::1]:${port}/${name}`)
})

test('a Unix socket, in either way of writing it', async () => {
  const folder = temporaryFolder()
  await listen({ path: join(folder, '.s.PGSQL.5432') })
  await works(`postgres://${who}@${encodeURIComponent(folder)}/${name}`)
  await works(`postgres://${who}@/${name}?host=${folder}`)
})

test('several hosts, of which one answers', async () => {
  const port = await listen({ host: '127.0.0.1' })
  const closed = await listen({ host: '127.0.0.1' }, (client) => client.destroy())
  await works(
    `postgres://${who}@127.0.0.1:${closed},[::1]:1,127.0.0.1:${port}/${name}?target_session_attrs=read-write`,
  )
})

test('a schema, and quotes around it all', async () => {
  await store.sql`create schema if not exists tracking`
  const parameters = 'schema=tracking&pgbouncer=true&connection_limit=2&keepalives=0'
  await works(`"postgres://${who}@${upstream.host}:${upstream.port}/${name}?${parameters}"`)
})

test('an invalid URL is reported without being repeated', async () => {
  const { answer, told } = await ask('postgres://promo:pa#ss@db.example/promo')
  expect(answer).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
  expect(told).toEqual([expect.stringMatching(/^DATABASE_URL has characters in its user name/)])
})

const openssl = spawnSync('openssl', ['version']).status === 0

/** A certificate authority, and a certificate that it has signed for `localhost` and 127.0.0.1. */
function makeCertificates() {
  const folder = temporaryFolder()
  const file = (of: string) => join(folder, of)
  const run = (...args: string[]) => {
    const ran = spawnSync('openssl', args, { cwd: folder })
    if (ran.status !== 0) throw new Error(String(ran.stderr))
  }
  const request = (of: string) => [
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    `${of}.key`,
    '-subj',
    `/CN=${of}`,
  ]
  run(...request('authority'), '-x509', '-days', '3650', '-out', 'authority.pem')
  run(...request('other'), '-x509', '-days', '3650', '-out', 'other.pem')
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1'
  run(
    ...request('server'),
    '-x509',
    '-CA',
    'authority.pem',
    '-CAkey',
    'authority.key',
    '-days',
    '3650',
    '-addext',
    names,
    '-out',
    'server.pem',
  )
  return {
    authority: file('authority.pem'),
    other: file('other.pem'),
    key: file('server.key'),
    cert: file('server.pem'),
  }
}

test.skipIf(!openssl)('TLS with the certificates of the URL or a setting', async () => {
  const { authority, other, ...files } = makeCertificates()
  const secureContext = createSecureContext({ key: readFileSync(files.key), cert: readFileSync(files.cert) })
  let asked = 0
  const port = await listen({ host: '0.0.0.0' }, (client) => {
    client.once('data', (first) => {
      if (first.readInt32BE(4) !== 80877103) return pipe(client, first)
      asked += 1
      client.write('S')
      return pipe(new TLSSocket(client, { isServer: true, secureContext }))
    })
  })
  const url = (query: string, host = 'localhost') => `postgres://${who}@${host}:${port}/${name}?${query}`
  await works(url(''))
  expect(asked).toBe(0)
  await works(url('sslmode=require'))
  await works(url(`sslmode=verify-full&sslrootcert=${authority}`))
  await works(url(`sslrootcert=${authority}`, '127.0.0.1'))
  await works(url('sslmode=require&channel_binding=require'), authority)
  await works(url(''), authority)
  await works(url(`sslmode=verify-ca&sslrootcert=${authority}`, '127.0.0.2'))
  await works(url('sslmode=verify-ca', '127.0.0.2'), authority)
  await works(url(`sslmode=require&sslcert=${files.cert}&sslkey=${files.key}`))
  await works(url('sslmode=prefer'))
  expect(asked).toBe(9)
  for (const wrong of [
    ask(url('sslmode=verify-full')),
    ask(url(`sslrootcert=${other}`)),
    ask(url(`sslmode=verify-ca&sslrootcert=${other}`)),
    ask(url('', 'localhost'), other),
    ask(url('sslmode=require&channel_binding=require')),
    ask(url(`sslmode=verify-full&sslrootcert=${authority}`, '127.0.0.2')),
  ])
    expect((await wrong).answer).toMatchObject({ ok: false })
  const pair = (cert: string, key: string) => `sslmode=require&sslcert=${cert}&sslkey=${key}`
  for (const [query, why] of [
    ['sslrootcert=/nowhere.pem', 'ENOENT.*nowhere'],
    [`sslrootcert=${files.key}`, 'there is no certificate in .*server.key'],
    [pair(authority, files.key), 'key values mismatch'],
    [pair(files.cert, files.cert), 'DECODER|unsupported'],
  ] as const) {
    const { told } = await ask(url(query))
    const sentence = `sslrootcert.*PROMO_DATABASE_CA names a file that cannot be used: .*(${why}).*Name PEM files`
    expect(told).toEqual([expect.stringMatching(sentence)])
  }
})
