import type { Log } from '../base/log.ts'
import { ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault } from '../database/sql.ts'
import { attributeConversions } from '../store/conversions.ts'

/** Seconds for which a conversion waits for an unknown click. */
export const patience = 7 * 86_400
const limit = 1_000
const deadline = 10_000

/** Counts all waiting conversions that can be counted now. */
export async function attributeAll(database: Database): Promise<Result<void, DatabaseFault>> {
  for (let looked = limit; looked === limit; ) {
    const run = await database.run((sql) => attributeConversions(sql, { patience, limit }), deadline)
    if (!run.ok) return run
    looked = run.value.reduce((sum, row) => sum + row.looked_at, 0)
  }
  return ok(undefined)
}

/**
 * Counts conversions for the texts and sends that they belong to, every few seconds and when one was recorded; failures
 * are retried the next time. If called while it is running, it runs once more afterwards.
 */
export function createAttributor(options: {
  database: Database
  /** Whether the database has this version's tables. */
  ready: () => boolean
  log: Log
}): () => Promise<void> {
  const { database, ready, log } = options
  let working: Promise<void> | undefined
  let again = false

  const work = async (): Promise<void> => {
    do {
      again = false
      const counted = await attributeAll(database)
      if (!counted.ok)
        return log.warn({ reason: counted.fault.message }, 'conversions could not be attributed')
    } while (again)
  }

  return async () => {
    if (!ready()) return
    again = working !== undefined
    working ??= work().finally(() => {
      working = undefined
    })
    await working
  }
}
