import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../operations/log.ts'
import { processMark } from '../../operations/process-mark.ts'
import { ok, type Result } from '../../result.ts'
import { locateBinaries, type PostgresBinaries } from './binaries.ts'
import { ensureCluster, ROLE, readAccess, writeAccess, writeSettings } from './cluster.ts'
import { type EmbeddedFault, fault, fileErrorCode, reasonOf } from './fault.ts'
import { takeLock } from './lock.ts'
import { choosePlace, clusterIn, knownHome, notWritable, type Place, SHARED_DIR } from './place.ts'
import {
  freePort,
  isWaitingForBackends,
  lastLog,
  type Running,
  runningServer,
  startServer,
  stopServer,
} from './server.ts'
import { joinSites, leaveSites } from './sites.ts'

export type { EmbeddedFault } from './fault.ts'

const LOCK_WAIT_MS = 150_000
const READY_WAIT_MS = 120_000
const BACKENDS_WAIT_MS = 20_000
const PAUSE_MS = 200
const PORT_CHOICES = 5

export type EmbeddedServer = {
  /** `postgres://promo:<password>@127.0.0.1:<port>/promo` */
  url: string
  /** False when a server that still ran was adopted. */
  startedHere: boolean
  /** Where data and binaries went, if not where one would look for them. */
  notice: string | undefined
  /** Stops the server, unless another live site uses it: the last process to leave stops it. */
  stop(): Promise<void>
}

export type EmbeddedOptions = {
  dataDir: string
  log: Log
  binaries?: PostgresBinaries
  /** A port to insist on; otherwise the one of the last start, or a free one. */
  port?: number
  /** For what cannot be in the data folder because PostgreSQL's user cannot enter it. */
  sharedDir?: string
}

/**
 * Starts PostgreSQL on the data folder, creating its cluster at the first start, or adopts the server that
 * still runs there. The server outlives a killed site. Calling it again in the same process finds the server
 * again, or starts it where it has ended; one `stop` then suffices. Reporting `notice` is left to the caller.
 */
export async function startEmbedded(
  options: EmbeddedOptions,
): Promise<Result<EmbeddedServer, EmbeddedFault>> {
  const { dataDir, log, port, sharedDir = SHARED_DIR } = options
  const binaries = options.binaries ? ok(options.binaries) : locateBinaries()
  if (!binaries.ok) return binaries
  const place = await choosePlace(dataDir, sharedDir, binaries.value)
  if (!place.ok) return place
  const { home, notice } = place.value
  return withLock(home, async () => {
    const up = await bringUp(place.value, port)
    if (!up.ok) return up
    const { url, startedHere } = up.value
    log.info(
      { home, startedHere },
      startedHere ? 'embedded PostgreSQL started' : 'embedded PostgreSQL adopted',
    )
    return ok({ url, startedHere, notice, stop: stopper(place.value, log) })
  })
}

/** The URL of the server that a site runs on the data folder, for tools beside it. They do not own it. */
export function embeddedUrl(dataDir: string, sharedDir = SHARED_DIR): Result<string, EmbeddedFault> {
  const cluster = clusterIn(knownHome(dataDir, sharedDir))
  try {
    const running = runningServer(cluster)
    if (running?.ready) return ok(urlOf(cluster, running.port))
  } catch (error) {
    return fault(
      'not_writable',
      `The database in ${cluster} cannot be read (${reasonOf(error)}): run this as the user that started the site.`,
    )
  }
  return fault(
    'start_failed',
    `No embedded PostgreSQL runs on ${cluster}: start the site first, or set DATABASE_URL.`,
  )
}

const urlOf = (cluster: string, port: number): string =>
  `postgres://${ROLE}:${readAccess(cluster).password}@127.0.0.1:${port}/${ROLE}`

async function withLock<Value>(
  home: string,
  work: () => Promise<Result<Value, EmbeddedFault>>,
): Promise<Result<Value, EmbeddedFault>> {
  const file = join(home, 'postgres.lock')
  let release: (() => void) | undefined
  try {
    release = await takeLock(file, LOCK_WAIT_MS)
    if (release) return await work()
    return fault('start_failed', `Another process has been starting the database for long and holds ${file}.`)
  } catch (error) {
    if (fileErrorCode(error)) return notWritable(home, error)
    return fault('start_failed', `The database in ${home} could not be started: ${reasonOf(error)}`)
  } finally {
    release?.()
  }
}

async function bringUp(
  place: Place,
  port: number | undefined,
): Promise<Result<{ url: string; startedHere: boolean }, EmbeddedFault>> {
  const { cluster } = place
  const running = await settledServer(cluster)
  if (!running) {
    const present = await ensureCluster(place, port ?? (await freePort(0)) ?? 0)
    if (!present.ok) return present
  }
  const used = running ? ok(running.port) : await startOnFreePort(place, port)
  if (!used.ok) return used
  joinSites(cluster, processMark(process.pid) ?? '')
  return ok({ url: urlOf(cluster, used.value), startedHere: !running })
}

/** The server that runs on the cluster, once it is past starting or stopping. */
async function settledServer(cluster: string): Promise<Running | undefined> {
  const deadline = performance.now() + READY_WAIT_MS
  let running = runningServer(cluster)
  while (running && !running.ready && performance.now() < deadline) {
    await sleep(PAUSE_MS)
    running = runningServer(cluster)
  }
  return running
}

async function startOnFreePort(
  place: Place,
  wanted: number | undefined,
): Promise<Result<number, EmbeddedFault>> {
  const { cluster } = place
  const access = readAccess(cluster)
  const deadline = performance.now() + BACKENDS_WAIT_MS
  for (let choices = 0; choices < PORT_CHOICES; ) {
    const port = (await freePort(wanted ?? access.port)) ?? (wanted ? undefined : await freePort(0))
    if (port === undefined) {
      return fault('port_taken', `Port ${wanted} on 127.0.0.1 is taken: stop what uses it or choose another.`)
    }
    await writeSettings(place, port)
    const { code, output } = await startServer(place)
    if (code === 0) {
      if (port !== access.port) await writeAccess(place, { ...access, port })
      return ok(port)
    }
    if (isWaitingForBackends(cluster) && performance.now() < deadline) await sleep(PAUSE_MS)
    else if ((await freePort(port)) === undefined) choices++
    else return fault('start_failed', `PostgreSQL did not start: ${output}\n${lastLog(cluster)}`)
  }
  return fault('port_taken', 'Every port that was chosen was taken by another program at once.')
}

function stopper(place: Place, log: Log): () => Promise<void> {
  let stopped: Promise<void> | undefined
  const stop = async () => {
    const done = await withLock(place.home, async () => {
      const others = leaveSites(place.cluster, processMark(process.pid) ?? '')
      if (others > 0 || !runningServer(place.cluster)) return ok(undefined)
      const { code, output } = await stopServer(place)
      return code === 0 ? ok(undefined) : fault('start_failed', output)
    })
    if (!done.ok) log.warn({ reason: done.fault.message }, 'embedded PostgreSQL did not stop in time')
  }
  return () => {
    stopped ??= stop()
    return stopped
  }
}
