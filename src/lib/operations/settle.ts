import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../base/log.ts'
import { ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault, Sql } from '../database/sql.ts'
import { defaultDuplicateSeconds, defaultVisitorsPerAddress } from '../settings/config.ts'
import type { JudgementRules } from '../store/judgement.ts'
import { settleSurplus } from '../store/settle-surplus.ts'
import { settleClicks } from '../store/settlement.ts'

const batch = 10_000
const deadline = 60_000
/** After a batch the database gets this multiple of its duration for other work. */
const restPerWork = 0.5

type SettlingOptions = {
  /** Seconds since a click was recorded after which its verdict becomes final. */
  age: number
  /**
   * Seconds in which a visitor's next click on the same variation is a duplicate; the setting's default if left
   * out.
   */
  duplicateSeconds?: number
  /**
   * How many visitors of one address count as different people for a text in a send; the setting's default if
   * left out.
   */
  visitorsPerAddress?: number
  /** Whether clicks by people are to be sent to Matomo. */
  forMatomo?: boolean
  signal?: AbortSignal
}

/**
 * Settles all clicks that are at least `age` seconds old, in batches with pauses, then surplus counts; returns the
 * number of rows. Ends early when `signal` aborts.
 */
export async function settle(
  database: Database,
  {
    age,
    duplicateSeconds = defaultDuplicateSeconds,
    visitorsPerAddress = defaultVisitorsPerAddress,
    forMatomo = false,
    signal,
  }: SettlingOptions,
): Promise<Result<number, DatabaseFault>> {
  const steps = [
    (sql: Sql) => settleClicks(sql, { age, duplicateSeconds, visitorsPerAddress, forMatomo, limit: batch }),
    (sql: Sql) => settleSurplus(sql, { age, limit: batch }),
  ]
  let settled = 0
  for (const step of steps) {
    for (let count = batch; count >= batch && !signal?.aborted; ) {
      const started = performance.now()
      const run = await database.run(step, deadline)
      if (!run.ok) return run
      count = run.value.reduce((sum, row) => sum + row.settled, 0)
      settled += count
      if (count >= batch)
        await sleep(restPerWork * (performance.now() - started), undefined, { signal }).catch(() => {})
    }
  }
  return ok(settled)
}

/**
 * How long clicks are observed before their verdict is final, with which settings they are judged, and who gets them.
 */
export type Observation = { observationMinutes: number; forMatomo?: boolean } & JudgementRules

/** Called every few seconds by a running site; a failure is logged, and the next call does the rest. */
export const settler =
  (database: Database, log: Log, { observationMinutes, ...rules }: Observation) =>
  async (signal: AbortSignal) => {
    const settled = await settle(database, { age: observationMinutes * 60, ...rules, signal })
    if (!settled.ok && !signal.aborted)
      log.warn({ reason: settled.fault.message }, 'clicks could not be settled')
  }
