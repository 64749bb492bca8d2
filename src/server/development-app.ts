import { createLog } from '../lib/base/log.ts'
import { openPromoTracking, type PromoTracking } from '../lib/index.ts'
import { loadConfig } from './load-config.ts'
import { version } from './package-files.ts'
import { stopSignals } from './process-events.ts'

/**
 * The app of `astro dev`, one for the process, whatever happens to this module: an edit of the library reloads it, and
 * nobody ends the former one.
 */
export type Development = { load: number; app: Promise<PromoTracking> }

/** When this module was loaded: what still runs of an earlier one does not take over again. */
const load = performance.now()

/**
 * Opened at the first request after a start or an edit; the one before is closed first, since both use the same
 * folder.
 */
export const developmentApp = (): Promise<PromoTracking> => {
  const current = globalThis.promoDevelopment
  if (current && current.load >= load) return current.app
  if (!current) endWithProcess()
  const app = close(current).then(open)
  globalThis.promoDevelopment = { load, app }
  return app
}

async function open(): Promise<PromoTracking> {
  const config = loadConfig()
  const log = createLog(config.PROMO_LOG_LEVEL)
  const app = await openPromoTracking({ config, log })
  if (!app.ok) throw new Error(app.fault.message)
  log.info({ version, fast_path: false }, 'promo links are answered by a page of the development server')
  return app.value
}

/** One that could not be opened has nothing to close. */
const close = async (development: Development | undefined): Promise<void> =>
  await development?.app.then(
    (app) => app.close(),
    () => undefined,
  )

function endWithProcess(): void {
  for (const signal of stopSignals)
    process.once(signal, () => void close(globalThis.promoDevelopment).then(() => process.exit(0)))
}
