import postgres from 'postgres'
import { messageOf } from '../base/result.ts'
import type { DriverOptions } from './database-options.ts'
import { pooledSettings, sessionSettings } from './session-settings.ts'
import { cancelAll, ordinaryLimit } from './statement-limit.ts'

/** A pool on one server. `limited`: whether the server ends statements by itself; `running`: what it may be at. */
export type Pool = {
  sql: postgres.Sql
  server: DriverOptions
  limited: boolean
  running: Set<PromiseLike<unknown>>
  /** Whether the database may be used, once that was asked. */
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
      // Compiling a statement of reports takes longer than running it.
      ...(limited ? { ...sessionSettings, statement_timeout: ordinaryLimit, jit: 'off' } : pooledSettings),
    },
  })
  return { sql, server, limited, running: new Set() }
}

/** What any connection of this project does without. */
export const plain = {
  // Named statements do not survive a pooler in transaction mode.
  prepare: false,
  // The driver asks for array types on its own, and a server that ends just then would take this process with it.
  // Arrays are therefore sent as literals.
  fetch_types: false,
  onnotice: () => {},
}

/** The server would go on with what it is at, and with whatever waits for that, when only the connections end. */
export async function abandon({ sql, running }: Pool): Promise<void> {
  if (running.size > 0) await cancelAll(running, cancelWait)
  await sql.end({ timeout: 0 }).catch(messageOf)
}
