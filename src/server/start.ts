import './check-node.mjs'
import cluster from 'node:cluster'
import { existsSync, realpathSync } from 'node:fs'
import type { Server } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { type App, openApp } from '../lib/app.ts'
import { openLog } from '../lib/base/log.ts'
import { messageOf } from '../lib/base/result.ts'
import type { Config } from '../lib/settings/config.ts'
import { loadConfig, readSettings } from './load-config.ts'
import { type AstroHandler, createSite } from './site.ts'
import { dist, readSitePages } from './site-pages.ts'
import { superviseWorkers } from './supervise.ts'
import { joinSupervisor } from './worker.ts'

/** How long connections in use have to ask once more, and to be told that it was the last time, in milliseconds. */
const farewellWait = 300
/** How long a stop waits for answers under way, in milliseconds, before it closes their connections. */
const answersWait = 2_000

export type RunningSite = { app: App; url: string; stop: () => Promise<void> }

/** Starts the built site; a fault that a person has to mend ends the process with a message that says so. */
export async function startSite(config: Config, folders: readonly string[] = []): Promise<RunningSite> {
  const entry = join(dist, 'server', 'entry.mjs')
  if (!existsSync(entry)) giveUp('The site is not built yet: run "npm run build" first.')
  const worker = joinSupervisor(() => end('the supervisor is gone'))
  const log = openLog(config.PROMO_LOG_LEVEL, worker?.number)
  const pages = readSitePages()
  const opened = await openApp({ config, log, pages, worker })
  if (!opened.ok) return giveUp(opened.fault.message)
  const app = opened.value
  worker?.tell(app.readCounts)
  const { handler }: { handler: AstroHandler } = await import(pathToFileURL(entry).href)
  const stopped = new AbortController()
  const server = createSite({ app, astro: handler, dist, pages, folders, stopping: stopped.signal })

  // A redirect that works must go on working, whatever breaks beside it; nothing here relies on the broken work.
  process.on('uncaughtException', (error) => log.error({ reason: messageOf(error) }, 'uncaught exception'))
  process.on('unhandledRejection', (error) => log.error({ reason: messageOf(error) }, 'unhandled rejection'))

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
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end)
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
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : config.PORT
  const url = `http://${config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST}:${port}`
  log.info({ url }, 'listening')
  return { app, url, stop }
}

/** Resolves with what keeps the server from listening, or with `undefined` once it listens. */
const listen = (server: Server, { HOST, PORT }: Config): Promise<string | undefined> =>
  new Promise((resolve) => {
    server.once('error', (error) => resolve(error.message))
    server.listen(PORT, HOST, () => resolve(undefined))
  })

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

const [, started] = process.argv
if (started !== undefined && realpathSync(started) === import.meta.filename) {
  const { PROMO_WORKERS, PROMO_LOG_LEVEL } = readSettings()
  if (PROMO_WORKERS === 1 || cluster.isWorker) await startSite(loadConfig())
  else superviseWorkers(PROMO_WORKERS, openLog(PROMO_LOG_LEVEL))
}
