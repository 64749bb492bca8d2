import postgres from 'postgres'
import { messageOf } from '../base/result.ts'
import type { DriverOptions } from './database-options.ts'
import { pooledSettings, sessionSettings } from './session-settings.ts'
import { cancelAll, ordinaryLimit } from './statement-limit.ts'

/**
 * A pool on one server. `limited`: whether the server ends statements by itself; `running`: statements that it may be
 * executing.
 */
export type Pool = {
  sql: postgres.Sql
  server: DriverOptions
  limited: boolean
  running: Set<PromiseLike<unknown>>
  /** Whether the database may be used, once that was checked. */
  admission?: Promise<void> | undefined
}

/** How long abandoned connections stay open so that the server can be asked to cancel, in milliseconds. */
const cancelWait = 500
/** Seconds. */
export const connectTimeout = 2

/** Opens connections as they are needed, at most `connections` unless the server's URL says otherwise. */
export function connect(server: DriverOptions, connections: number, limited: boolean): Pool {
  const sql = postgres({
    max: connections,
    connect_timeout: connectTimeout,
    ...server,
    ...plain,
    idle_timeout: 60,
    backoff: (retries) => Math.min(0.05 * 2 ** retries, 1),
    connection: {
      application_name: 'promo',
      ...server.connection,
      // JIT compilation of a report's statement takes longer than running it.
      ...(limited ? { ...sessionSettings, statement_timeout: ordinaryLimit, jit: 'off' } : pooledSettings),
    },
  })
  return { sql, server, limited, running: new Set() }
}

/** Options of every connection of this project. */
export const plain = {
  // Named statements do not survive a pooler in transaction mode.
  prepare: false,
  // The driver looks up array types on its own, and a server that goes away just then would end this process. Arrays
  // are therefore sent as literals.
  fetch_types: false,
  onnotice: () => {},
}

/** If only the connections ended, the server would go on with the current statements and those that wait for them. */
export async function abandon({ sql, running }: Pool): Promise<void> {
  if (running.size > 0) await cancelAll(running, cancelWait)
  await sql.end({ timeout: 0 }).catch(messageOf)
}
