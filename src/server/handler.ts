import { join, resolve } from 'node:path'
import { createLog } from '../lib/base/log.ts'
import { messageOf } from '../lib/base/result.ts'
import { openPromoTracking, type PromoTracking } from '../lib/index.ts'
import type { Connect } from './connect.ts'
import { createFront } from './front.ts'
import { type HostSite, readHostSite, rootOf } from './host-site.ts'
import { readGiven, type Settings } from './load-config.ts'
import { createOwnPages, loadAstroHandler } from './own-pages.ts'
import { wordsOf } from './own-paths.ts'
import { version } from './package-files.ts'
import { stopSignals } from './process-events.ts'

export type HandlerOptions = {
  /** The folder that `astro build` has written. */
  dist?: string
}

/** The app of this process, whoever asks for it: two would take each other's journal for one of a neighbour. */
let opened: Promise<PromoTracking> | undefined
let isOpen = false

/**
 * For a server of one's own: what comes before the site's own handler. It opens the database, and closes it on SIGTERM,
 * SIGINT and SIGHUP. Rejects if a person has to fix something first, and says what.
 */
export async function createHandler({ dist = 'dist' }: HandlerOptions = {}): Promise<Connect> {
  const site = readHostSite(join(resolve(dist), 'server'))
  return await openFront(site, new Set(site.pages), {})
}

export type LazyOptions = {
  /** Paths of one word that are the site's own; by default those of its build. */
  pages?: Set<string>
  /** Settings that hold where neither the environment nor `.env` has them. */
  defaults?: Settings
}

/**
 * The same, opened by the first request. Where it cannot be opened the site is served without it, and the log
 * says so.
 */
export function lazyHandler(
  site: HostSite,
  { pages = new Set(site.pages), defaults = {} }: LazyOptions = {},
): Connect {
  let front: Promise<Connect> | undefined
  let ready: Connect | undefined
  const open = async (): Promise<Connect> => {
    try {
      ready = await openFront(site, pages, defaults)
    } catch (error) {
      process.stderr.write(`Promo links are not answered: ${messageOf(error)}\n`)
      ready = (_request, _response, next) => next()
    }
    return ready
  }
  return (request, response, next) => {
    if (ready) return ready(request, response, next)
    front ??= open()
    void front.then((connect) => connect(request, response, next))
  }
}

async function openFront(site: HostSite, pages: Set<string>, defaults: Settings): Promise<Connect> {
  for (const word of wordsOf(site)) pages.add(word)
  opened ??= open(site, pages, defaults)
  const [app, astro] = await Promise.all([opened, loadAstroHandler()])
  const ownPages = createOwnPages({ app, astro, root: rootOf(site) })
  return createFront({ app, site, ownPages, pages })
}

async function open(site: HostSite, pages: ReadonlySet<string>, defaults: Settings): Promise<PromoTracking> {
  const config = readGiven(defaults)
  if (!config.ok) throw new Error(config.fault.message)
  const log = createLog(config.value.PROMO_LOG_LEVEL)
  closeWithProcess()
  const app = await openPromoTracking({ config: config.value, log, pages, place: { ...site, version } })
  if (!app.ok) throw new Error(app.fault.message)
  isOpen = true
  log.info({ version, fast_path: true }, 'promo links are answered before the site')
  return app.value
}

/** Ends what `createHandler` or a lazy handler has opened; nothing where none was. */
export async function closeHandlers(): Promise<void> {
  const closing = opened
  opened = undefined
  isOpen = false
  await closing?.then(
    (app) => app.close(),
    () => undefined,
  )
}

let ending: Promise<void> | undefined

/** Asked again, the process ends no sooner: whoever presses Ctrl+C twice would leave the database running. */
function closeAndEnd(signal: NodeJS.Signals): void {
  const alone = process.listenerCount(signal) === 1
  // What is still being opened has nothing to lose, and a database that is being started ends with the process.
  if (alone && opened && !isOpen) process.exit(0)
  ending ??= closeHandlers()
  void ending.then(() => {
    if (alone) process.exit(0)
  })
}

/** A server that listens to the signals ends by itself; without one, nobody else would end the process any more. */
function closeWithProcess(): void {
  for (const signal of stopSignals)
    if (!process.listeners(signal).includes(closeAndEnd)) process.on(signal, closeAndEnd)
}
