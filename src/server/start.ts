import cluster from 'node:cluster'
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import sirv from 'sirv'
import { createLog } from '../lib/base/log.ts'
import { openPromoTracking, type PromoTracking } from '../lib/index.ts'
import type { Config } from '../lib/settings/config.ts'
import type { Connect } from './connect.ts'
import { createServer } from './create-server.ts'
import { createFront } from './front.ts'
import { type BuiltSite, rootOf } from './host-site.ts'
import { readSettings, unknownSettings } from './load-config.ts'
import { createOwnPages, loadAstroHandler } from './own-pages.ts'
import { wordsOf } from './own-paths.ts'
import { version } from './package-files.ts'
import { stopSignals, surviveErrors } from './process-events.ts'
import { superviseWorkers } from './supervise.ts'
import { joinSupervisor } from './worker.ts'

/** How long connections in use may send one more request, whose answer closes them, in milliseconds. */
const farewellWait = 300
/** How long a stop waits for answers under way, in milliseconds, before it closes their connections. */
const answersWait = 2_000

export type RunningSite = { app: PromoTracking; url: string; stop: () => Promise<void> }

type Defaults = { HOST?: string | undefined; PORT?: string | undefined }

/**
 * Serves a site as its own program, in one process or in several; `defaults` is where it listens unless a
 * setting says.
 */
export async function serveSite(built: BuiltSite, defaults: Defaults = {}): Promise<void> {
  const config = readSettings(defaults)
  const settings = cluster.isPrimary ? unknownSettings() : []
  if (settings.length > 0)
    createLog(config.PROMO_LOG_LEVEL).warn({ settings }, 'these are no settings: are they misspelled?')
  if (config.PROMO_WORKERS === 1 || cluster.isWorker) await startSite(built, config)
  else superviseWorkers(config.PROMO_WORKERS, createLog(config.PROMO_LOG_LEVEL))
}

/**
 * Starts a site; a fault that a person has to fix ends the process with a message that says so. Files of `folders` are
 * looked up on each request.
 */
export async function startSite(
  { site, handler }: BuiltSite,
  config: Config,
  folders: readonly string[] = [],
): Promise<RunningSite> {
  const worker = joinSupervisor(() => end('the supervisor is gone'))
  const log = createLog(config.PROMO_LOG_LEVEL, worker?.number)
  const pages = new Set([...site.pages, ...wordsOf(site)])
  // Nothing has to be closed yet, and a database that is being started ends with the process.
  const endAtOnce = () => process.exit(0)
  for (const signal of stopSignals) process.on(signal, endAtOnce)
  const opened = await openPromoTracking({ config, log, pages, worker, place: { ...site, version } })
  if (!opened.ok) return giveUp(opened.fault.message)
  const app = opened.value
  worker?.share(app.readCounts)
  const ownPages = createOwnPages({ app, astro: await loadAstroHandler(), root: rootOf(site) })
  const stopped = new AbortController()
  const tls = readTls()
  const server = createServer({
    front: createFront({ app, site, ownPages, pages }),
    site: withFiles(folders, handler),
    tls,
    stopping: stopped.signal,
  })

  surviveErrors(log)

  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopped.abort()
    stopping ??= closeServer(server).then(() => app.close())
    return stopping
  }
  function end(signal: string): void {
    log.info({ signal }, 'stopping')
    void stop().then(() => process.exit(0))
  }
  for (const signal of stopSignals) process.on(signal, end).off(signal, endAtOnce)
  // Without workers to replace it would end the process.
  process.on('SIGUSR2', () =>
    log.warn('SIGUSR2 replaces workers: send it to the supervisor, with PROMO_WORKERS=2 or more'),
  )

  const listening = await listen(server, config)
  if (listening !== undefined) {
    await stop()
    giveUp(
      `The site cannot listen on ${config.HOST}:${config.PORT}: ${listening}. Set PORT or HOST to another value.`,
    )
  }
  const url = addressOf(server, tls ? 'https' : 'http', config)
  log.info({ url, version, fast_path: true }, 'listening')
  return { app, url, stop }
}

function withFiles(folders: readonly string[], handler: Connect): Connect {
  const files = folders.map((folder) => sirv(folder, { dev: true }))
  return files.reduceRight<Connect>(
    (rest, file) => (request, response, next) => file(request, response, () => rest(request, response, next)),
    handler,
  )
}

/** As Astro's adapter reads them. */
function readTls() {
  const { SERVER_CERT_PATH, SERVER_KEY_PATH } = process.env
  return SERVER_CERT_PATH && SERVER_KEY_PATH
    ? { cert: readFileSync(SERVER_CERT_PATH), key: readFileSync(SERVER_KEY_PATH) }
    : undefined
}

/** Resolves with what keeps the server from listening, or with `undefined` once it listens. */
const listen = (server: Server, { HOST, PORT }: Config): Promise<string | undefined> =>
  new Promise((resolve) => {
    server.once('error', (error) => resolve(error.message))
    server.listen(PORT, HOST, () => resolve(undefined))
  })

/** Where the server listens; with `PORT=0` the system has chosen the port. */
function addressOf(server: Server, protocol: string, { HOST, PORT }: Config): string {
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : PORT
  return `${protocol}://${HOST.includes(':') ? `[${HOST}]` : HOST}:${port}`
}

async function closeServer(server: Server): Promise<void> {
  if ((await connectionsOf(server)) > 0) await sleep(farewellWait)
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), answersWait)
  await closed
  clearTimeout(timer)
}

const connectionsOf = (server: Server): Promise<number> =>
  new Promise((resolve) => server.getConnections((_, count = 0) => resolve(count)))

function giveUp(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
