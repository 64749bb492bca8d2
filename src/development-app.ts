import { openApp } from './lib/app.ts'
import { openLog } from './lib/operations/log.ts'
import { loadConfig } from './load-config.ts'

let opened: ReturnType<typeof open> | undefined

/** The app of `astro dev`, opened at the first request and kept over hot reloads of everything else. */
export const developmentApp = (): ReturnType<typeof open> => {
  opened ??= open()
  return opened
}

async function open() {
  const config = loadConfig()
  const app = await openApp({ config, log: openLog(config.PROMO_LOG_LEVEL) })
  if (!app.ok) throw new Error(app.fault.message)
  return app.value
}
