import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../base/log.ts'
import { ok, type Result } from '../../base/result.ts'
import { changedAt, type LifeOptions } from '../../processes/life-signs.ts'
import { locateBinaries, type PostgresBinaries } from './binaries.ts'
import { ensureCluster, readAccess, role, writeAccess, writeSettings } from './cluster.ts'
import { type EmbeddedFault, fault, fileErrorCode, reasonOf } from './fault.ts'
import { takeLock } from './lock.ts'
import { choosePlace, clusterIn, knownHome, notWritable, type Place, usualSharedDir } from './place.ts'
import { sameEachTime } from './run.ts'
import {
  freePort,
  isWaitingForBackends,
  lastLog,
  type Running,
  runningServer,
  startServer,
  stopServer,
} from './server.ts'
import { type Sites, sitesOf } from './sites.ts'

export type { EmbeddedFault } from './fault.ts'

/** How long to wait for the lock, for a server that starts or stops, and for those of a killed one; milliseconds. */
const lockWait = 150_000
const readyWait = 120_000
const backendsWait = 20_000
const pause = 200
/** Longer than a site that was killed elsewhere counts as alive. */
const usualElsewhereWait = 90_000
const elsewherePause = 1_000
const portChoices = 5

export type EmbeddedServer = {
  /** `postgres://promo:<password>@127.0.0.1:<port>/promo` */
  url: string
  /** False if a running server was adopted. */
  startedHere: boolean
  /** Where data and binaries are, if not in the usual place. */
  notice: string | undefined
  /** Renews this site's sign of life for sites elsewhere. Every ten seconds is enough. */
  beat(): Promise<void>
  /** Stops the server, unless another live site uses it: the last process to leave stops it. */
  stop(): Promise<void>
}

export type EmbeddedOptions = {
  dataDir: string
  log: Log
  binaries?: PostgresBinaries
  /** A fixed port; otherwise the one of the last start, or a free one. */
  port?: number
  /** For what cannot be in the data folder because PostgreSQL's user cannot enter it. */
  sharedDir?: string
  /** How long to wait for a site elsewhere that uses the data folder, in milliseconds. */
  elsewhereWait?: number
  life?: LifeOptions
}

/**
 * Starts PostgreSQL on the data folder, creating its cluster at the first start, or adopts the server that still runs
 * there. The server outlives a killed site. Calling it again in the same process finds the server again, or restarts
 * it; one `stop` is enough. Reporting `notice` is left to the caller.
 *
 * If a site in another container or on another machine uses the data folder, this waits for its end: two servers on the
 * same files would destroy them.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<Result<EmbeddedServer, EmbeddedFault>> {
  const {
    dataDir,
    log,
    port,
    sharedDir = usualSharedDir,
    elsewhereWait = usualElsewhereWait,
    life = {},
  } = options
  const binaries = options.binaries ? ok(options.binaries) : locateBinaries()
  if (!binaries.ok) return binaries
  const place = await choosePlace(dataDir, sharedDir, binaries.value)
  if (!place.ok) return place
  const { home, notice } = place.value
  const sites = sitesOf(home, life)
  const deadline = performance.now() + elsewhereWait
  let warned = false
  for (;;) {
    const up = await withLock(home, life, async (clock) => {
      const elsewhere = await sites.elsewhere(clock)
      return elsewhere ? inUse(home, elsewhere) : await bringUp(place.value, sites, port)
    })
    if (up.ok) {
      const { url, startedHere } = up.value
      log.info(
        { home, startedHere },
        startedHere ? 'embedded PostgreSQL started' : 'embedded PostgreSQL adopted',
      )
      return ok({ url, startedHere, notice, beat: sites.join, stop: stopper(place.value, sites, life, log) })
    }
    if (up.fault.code !== 'in_use' || performance.now() > deadline) return up
    if (!warned) log.warn({ reason: up.fault.message }, 'waiting for the database')
    warned = true
    await sleep(elsewherePause)
  }
}

const inUse = (home: string, { host, seconds }: { host: string; seconds: number }) =>
  fault(
    'in_use',
    `The data folder ${home} is used by a site in another container or on another machine (host ${host}, last sign ` +
      `${seconds} s ago), and two PostgreSQL servers on the same files would destroy them. Stop that ` +
      'site, and this one ' +
      'continues within a minute; or give this one its own folder (PROMO_DATA_DIR) or a PostgreSQL ' +
      'server (DATABASE_URL). Run commands where that site runs.',
  )

/**
 * Asks the server of the data folder to end, unless another live site uses it: for a process that ends and cannot
 * wait. It ends by itself within a moment. On Windows it stays, for the next start to adopt.
 */
export function endEmbedded(dataDir: string, sharedDir = usualSharedDir): void {
  if (process.platform === 'win32') return
  const home = knownHome(dataDir, sharedDir)
  try {
    const running = runningServer(clusterIn(home))
    if (running && !sitesOf(home).hasOthers()) process.kill(running.pid, 'SIGINT')
  } catch {
    // Nobody is left to report it to; the next start adopts it.
  }
}

/** The URL of the server that a site runs on the data folder, for tools. They do not own it. */
export function embeddedUrl(dataDir: string, sharedDir = usualSharedDir): Result<string, EmbeddedFault> {
  const cluster = clusterIn(knownHome(dataDir, sharedDir))
  try {
    const running = runningServer(cluster)
    if (running?.ready) return ok(urlOf(cluster, running.port))
  } catch (error) {
    return fault(
      'not_writable',
      `The database in ${cluster} cannot be read (${reasonOf(error)}): run this as the user who started the site.`,
    )
  }
  return fault(
    'start_failed',
    `No embedded PostgreSQL runs here on ${cluster}: start the site first, run this in the site's container, or set ` +
      'DATABASE_URL.',
  )
}

const urlOf = (cluster: string, port: number): string =>
  `postgres://${role}:${readAccess(cluster).password}@127.0.0.1:${port}/${role}`

/** `work` gets the file system's time. */
async function withLock<Value>(
  home: string,
  life: LifeOptions,
  work: (clock: number) => Promise<Result<Value, EmbeddedFault>>,
): Promise<Result<Value, EmbeddedFault>> {
  const file = join(home, 'postgres.lock')
  let release: (() => void) | undefined
  try {
    release = await takeLock(file, lockWait, life)
    if (release) return await work((await changedAt(file)) ?? 0)
    return fault(
      'start_failed',
      `Another process has been starting the database for a long time and holds ${file}.`,
    )
  } catch (error) {
    if (fileErrorCode(error)) return notWritable(home, error)
    return fault('start_failed', `The database in ${home} could not be started: ${reasonOf(error)}`)
  } finally {
    release?.()
  }
}

async function bringUp(
  place: Place,
  sites: Sites,
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
  await sites.join()
  return ok({ url: urlOf(cluster, used.value), startedHere: !running })
}

/** The server that runs on the cluster, once it is past starting or stopping. */
async function settledServer(cluster: string): Promise<Running | undefined> {
  const deadline = performance.now() + readyWait
  let running = runningServer(cluster)
  while (running && !running.ready && performance.now() < deadline) {
    await sleep(pause)
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
  const deadline = performance.now() + backendsWait
  for (let choices = 0; choices < portChoices; ) {
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
    if (isWaitingForBackends(cluster) && performance.now() < deadline) await sleep(pause)
    else if ((await freePort(port)) === undefined) choices++
    else
      return fault(
        'start_failed',
        `PostgreSQL did not start: ${sameEachTime(`${output}\n${lastLog(cluster)}`)}`,
      )
  }
  return fault('port_taken', 'Every port that was tried was immediately taken by another program.')
}

function stopper(place: Place, sites: Sites, life: LifeOptions, log: Log): () => Promise<void> {
  let stopped: Promise<void> | undefined
  const stop = async () => {
    const done = await withLock(place.home, life, async () => {
      const others = await sites.leave()
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
