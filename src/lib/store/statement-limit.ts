import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import type { DatabaseFault, Sql } from './database.ts'

/** Deadlines up to this, in milliseconds, share the limit that each connection begins with. */
export const ordinaryDeadline = 10_000
/** What the server waits longer than the site, in milliseconds, so that the site's deadline is the one to be told. */
const grace = 2_000
/** The `statement_timeout` that each connection begins with, in milliseconds. */
export const ordinaryLimit = ordinaryDeadline + grace

/** A pooler that does not know the connection parameter, and takes no connection that has it. */
export const refusesLimit = ({ message }: DatabaseFault): boolean =>
  message.includes('unsupported startup parameter')

/**
 * Runs statements on a connection of their own, on which the server ends none before `deadline` milliseconds and a
 * moment have passed. Not a transaction of the driver's: where the server vanishes, its rollback ends this process.
 */
export async function runWithLimit<Rows>(
  sql: Sql,
  deadline: number,
  statements: (sql: Sql) => PromiseLike<Rows>,
): Promise<Rows> {
  const own = await sql.reserve()
  const giveBack = async () => {
    await own.unsafe('reset statement_timeout')
    own.release()
  }
  await own.unsafe(`set statement_timeout = ${Math.ceil(deadline + grace)}`)
  try {
    const rows = await statements(own)
    await giveBack()
    return rows
  } catch (error) {
    // Without its connection there is nothing to give back, and the driver would break on it.
    if (error instanceof postgres.PostgresError && !/^(08|57P)/.test(error.code)) await giveBack()
    throw error
  }
}

/** Asks the server to stop these statements; waits at most `wait` milliseconds for the request to arrive. */
export async function cancelAll(statements: Iterable<unknown>, wait: number): Promise<void> {
  const cancelled = [...statements].map(async (statement) => {
    if (isCancellable(statement)) await statement.cancel()
  })
  await Promise.race([Promise.allSettled(cancelled), sleep(wait, undefined, { ref: false })])
}

const isCancellable = (statement: unknown): statement is { cancel: () => unknown } =>
  typeof statement === 'object' &&
  statement !== null &&
  'cancel' in statement &&
  typeof statement.cancel === 'function'
