import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import type { DatabaseFault, Sql } from './sql.ts'

/** Deadlines up to this, in milliseconds, use the limit that each connection begins with. */
export const ordinaryDeadline = 10_000
/**
 * How much longer the server waits than the site, in milliseconds, so that the site's own deadline is the one that is
 * reported.
 */
const grace = 2_000
/** The `statement_timeout` that each connection begins with, in milliseconds. */
export const ordinaryLimit = ordinaryDeadline + grace

/** A pooler that does not know the connection parameter, and rejects connections that have it. */
export const refusesLimit = ({ message }: Pick<DatabaseFault, 'message'>): boolean =>
  message.includes('unsupported startup parameter')

/**
 * Runs statements in a transaction in which the server ends each only a moment after `deadline` milliseconds. If the
 * connection is lost, the driver would send a rollback and end this process: instead, the transaction stays pending,
 * and fails with its connection.
 */
export async function runWithLimit<Rows>(
  pool: postgres.Sql,
  deadline: number,
  statements: (sql: Sql) => PromiseLike<Rows>,
): Promise<Rows> {
  const connection = { lost: false }
  const transaction = pool.begin(async (sql) => {
    try {
      await sql.unsafe(`set local statement_timeout = ${Math.ceil(deadline + grace)}`)
      const rows = await statements(untilLost(sql, connection))
      // Otherwise the driver would send a commit.
      return connection.lost ? await pending() : { rows }
    } catch (error) {
      if (connection.lost || isLost(error)) await pending()
      throw error
    }
  })
  const { rows } = await transaction.catch((error: unknown) => {
    connection.lost = true
    throw error
  })
  return rows
}

const pending = (): Promise<never> => new Promise<never>(() => {})

/** The driver would write a later statement to a connection that is no more, and end this process. */
function untilLost(sql: Sql, connection: { readonly lost: boolean }): Sql {
  return new Proxy(sql, {
    apply: (send, self, statement) => (connection.lost ? pending() : Reflect.apply(send, self, statement)),
    get: (target, name) => (name === 'unsafe' && connection.lost ? pending : Reflect.get(target, name)),
  })
}

/**
 * After an error from the server the connection still works, unless the server closed it; after other errors its state
 * is unknown.
 */
const isLost = (error: unknown): boolean =>
  error instanceof postgres.PostgresError ? /^(08|57P)/.test(error.code) : true

/** Asks the server to stop these statements; waits at most `wait` milliseconds for the request to arrive. */
export async function cancelAll(statements: Iterable<PromiseLike<unknown>>, wait: number): Promise<void> {
  const cancelled = [...statements].map(async (statement) => {
    if (isCancellable(statement)) await statement.canceller(statement)
  })
  await Promise.race([Promise.allSettled(cancelled), sleep(wait, undefined, { ref: false })])
}

/** The driver's own `cancel` drops the promise, whose rejection ends the process if the server is gone. */
const isCancellable = (
  statement: object,
): statement is { canceller: (statement: object) => PromiseLike<unknown> } =>
  'canceller' in statement && typeof statement.canceller === 'function'
