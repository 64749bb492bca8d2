import { type Logger, pino } from 'pino'

export type Log = Logger

/**
 * JSON lines on standard output. Nothing that identifies a visitor is ever passed to it: callers log
 * counts, codes and ids of promos, not requests.
 */
export const createLog = (level: string, worker?: number): Log =>
  pino({ level, base: worker === undefined ? null : { worker, pid: process.pid } })
