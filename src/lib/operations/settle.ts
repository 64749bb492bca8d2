import { setTimeout as sleep } from 'node:timers/promises'
import { ok, type Result } from '../result.ts'
import type { Database, DatabaseFault } from '../store/database.ts'
import { settleClicks } from '../store/settlement.ts'
import type { Log } from './log.ts'

/** Seconds for which clicks are left alone: far longer than a statement that records them takes. */
export const settleAge = 60

const batch = 2_000
const deadline = 60_000
/** After a batch the database gets this many times as long for other work. */
const restPerWork = 2

/**
 * Settles all clicks that are at least `age` seconds old, in batches with rests between them; answers how many. Ends
 * early, with what it has, when `signal` aborts.
 */
export async function settle(
  database: Database,
  { age = settleAge, signal }: { age?: number; signal?: AbortSignal } = {},
): Promise<Result<number, DatabaseFault>> {
  let settled = 0
  while (!signal?.aborted) {
    const started = performance.now()
    const run = await database.run((sql) => settleClicks(sql, age, batch), deadline)
    if (!run.ok) return run
    const count = run.value.reduce((sum, row) => sum + row.settled, 0)
    settled += count
    if (count < batch) break
    await sleep(restPerWork * (performance.now() - started), undefined, { signal }).catch(() => {})
  }
  return ok(settled)
}

/** What a running site does every few seconds; a failure is logged, and the next time does the rest. */
export const settler = (database: Database, log: Log) => async (signal: AbortSignal) => {
  const settled = await settle(database, { signal })
  if (!settled.ok) log.warn({ reason: settled.fault.message }, 'clicks could not be settled')
}
