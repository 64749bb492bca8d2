import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { type OpenOptions, openPromoTracking, type PromoTracking } from '../../src/lib/index.ts'
import { readConfig } from '../../src/lib/settings/config.ts'
import { temporaryFolder } from './folders.ts'

/** A database that is not there. */
export const nowhere = 'postgres://promo@127.0.0.1:1/promo'

type Given = Omit<OpenOptions, 'config' | 'log'> & { dataDir?: string; settings?: Record<string, string> }

/** The app on a database until the test has ended, and every message that it has logged. */
export async function openTestApp(
  url: string,
  { dataDir = temporaryFolder(), settings = {}, ...options }: Given = {},
): Promise<{ app: PromoTracking; messages: string[] }> {
  const messages: string[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => messages.push(JSON.parse(line).msg) })
  const config = readConfig({ DATABASE_URL: url, PROMO_DATA_DIR: dataDir, ...settings })
  if (!config.ok) throw new Error('the settings do not hold')
  const app = await openPromoTracking({ config: config.value, log, ...options })
  if (!app.ok) throw new Error(app.fault.message)
  onTestFinished(() => app.value.close())
  return { app: app.value, messages }
}
