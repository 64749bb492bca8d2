import type { Log } from '../lib/base/log.ts'
import { messageOf } from '../lib/base/result.ts'

/** The signals that stop the site: from a service manager, from Ctrl+C, and from a terminal that is closed. */
export const stopSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Keeps the process running: a redirect that works must keep working, whatever else breaks. */
export function surviveErrors(log: Log): void {
  process.on('uncaughtException', (error) => log.error({ reason: messageOf(error) }, 'uncaught exception'))
  process.on('unhandledRejection', (error) => log.error({ reason: messageOf(error) }, 'unhandled rejection'))
}
