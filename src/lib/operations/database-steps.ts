import type { Log } from '../base/log.ts'
import { warnRarely } from '../base/warn-rarely.ts'
import type { Database } from '../database/database.ts'
import { makeClickPartitions, migrate, migrationDeadline } from '../database/migrate.ts'
import type { Salts } from '../privacy/salts.ts'
import { forgetCatalogueChanges } from '../store/catalogue-changes.ts'
import { forgetNews } from '../store/webhooks.ts'
import type { MaintenanceSteps } from './maintenance.ts'

/** Days for which news for webhooks is remembered after it was last seen. */
const newsDays = 30

/** What an instance does to prepare the database: before anything else, and every hour. */
export function databaseSteps(parts: {
  database: Database
  salts: Pick<Salts, 'refresh'>
  /** Milliseconds since 1970. */
  now: () => number
  log: Log
  /** Fetches what requests need to know. */
  refresh: () => Promise<unknown>
  /** Called with the time, to forget what has expired. */
  fade: (time: number) => void
}): Pick<MaintenanceSteps, 'prepare' | 'provide'> {
  const { database, salts, now, log, refresh, fade } = parts

  /** Only while it answers: what keeps it from answering is logged elsewhere. */
  const waits = warnRarely((reason) => log.warn({ reason }, 'the database cannot be migrated yet'))

  const makePartitions = async (signal: AbortSignal): Promise<void> => {
    const made = await database.run((sql) => makeClickPartitions(sql, now()), migrationDeadline)
    if (!made.ok && !signal.aborted)
      log.warn({ reason: made.fault.message }, 'click partitions could not be created in advance')
  }

  const provide = async (signal: AbortSignal): Promise<void> => {
    fade(now())
    const steps = [
      () => salts.refresh(),
      () => makePartitions(signal),
      () => database.run(forgetCatalogueChanges),
      () => database.run((sql) => forgetNews(sql, newsDays)),
    ]
    for (const step of steps) if (!signal.aborted) await step()
  }

  return {
    async prepare(signal) {
      const migrated = await database.run((sql) => migrate(sql), migrationDeadline)
      if (!migrated.ok && database.up && !signal.aborted) waits(migrated.fault.message)
      if (!migrated.ok) return false
      if (migrated.value.length > 0) log.info({ migrations: migrated.value }, 'migrated the database')
      await provide(signal)
      // A first start should know them when it listens; a failure here stops nothing else.
      await refresh()
      return true
    },
    provide,
  }
}
