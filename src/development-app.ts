import { type App, openApp } from './lib/app.ts'
import { openLog } from './lib/operations/log.ts'
import { loadConfig } from './load-config.ts'

let opened: Promise<App> | undefined

/** The app of `astro dev`, opened at the first request; an edit of the library opens a new one. */
export const developmentApp = (): Promise<App> => {
  opened ??= open()
  return opened
}

async function open(): Promise<App> {
  const config = loadConfig()
  const app = await openApp({ config, log: openLog(config.PROMO_LOG_LEVEL) })
  if (!app.ok) throw new Error(app.fault.message)
  const close = () => app.value.close()
  import.meta.hot?.dispose(close)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => void close().then(() => process.exit(0)))
  return app.value
}
