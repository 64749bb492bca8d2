import type { Log } from '../base/log.ts'
import { ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault, Sql } from '../database/sql.ts'
import {
  claimPurge,
  countOld,
  deleteOldClickers,
  deleteOldConversions,
  deleteOldDecisions,
  deleteOldDefaultClicks,
  deleteOldEventKeys,
  deleteOldSalts,
  deleteOldSurplus,
  deleteOldTokens,
  dropClickPartition,
  oldClickPartitions,
  readSettled,
  reopenPurge,
} from '../store/retention.ts'
import { databaseTime, doubtTime } from './doubt-time.ts'
import { countOldDetails, removeOldDetails } from './remove-details.ts'

export type Retention = { PROMO_RETAIN_DETAILS_DAYS: number; PROMO_RETAIN_EVENTS_MONTHS: number }

export type Purged = {
  salts: number
  details: number
  /** Hashes that distinguish visitors. */
  visitors: number
  event_keys: number
  partitions: string[]
  /** Clicks of months that had no partition. */
  strays: number
  /** Counts of surplus clicks. */
  surplus: number
  decisions: number
  conversions: number
  /** Tokens of another back end that people signed in with. */
  tokens: number
}

const day = 86_400_000
const keepKeysDays = 35
const deadline = 600_000

const nothing: Purged = {
  salts: 0,
  details: 0,
  visitors: 0,
  event_keys: 0,
  partitions: [],
  strays: 0,
  surplus: 0,
  decisions: 0,
  conversions: 0,
  tokens: 0,
}

/** Removes what is older than the settings say. Counters and rollups stay as they are. */
export async function purge(
  database: Database,
  now: number,
  retention: Retention,
): Promise<Result<Purged, DatabaseFault>> {
  const purged = { ...nothing }
  for (const step of stepsOf(now, retention)) {
    const removed = await step(database)
    if (!removed.ok) return removed
    Object.assign(purged, removed.value)
  }
  return ok(purged)
}

type PurgeStep = (database: Database) => Promise<Result<Partial<Purged>, DatabaseFault>>

const stepsOf = (
  now: number,
  { PROMO_RETAIN_DETAILS_DAYS: days, PROMO_RETAIN_EVENTS_MONTHS: months }: Retention,
): PurgeStep[] => [
  rows('salts', (sql) => deleteOldSalts(sql, now)),
  rows('event_keys', (sql) => deleteOldEventKeys(sql, now, keepKeysDays), deadline),
  (database) => dropOldPartitions(database, now, months),
  rows('strays', (sql) => deleteOldDefaultClicks(sql, now, months), deadline),
  rows('surplus', (sql) => deleteOldSurplus(sql, now, months), deadline),
  rows('details', async (sql) => ({ count: await removeOldDetails(sql, now, days) }), deadline),
  rows('visitors', (sql) => deleteOldClickers(sql, now), deadline),
  rows('decisions', (sql) => deleteOldDecisions(sql, now, months), deadline),
  rows('conversions', (sql) => deleteOldConversions(sql, now, months), deadline),
  rows('tokens', (sql) => deleteOldTokens(sql, now)),
]

/** Removes rows by one statement, and counts them. */
const rows =
  (
    name: Exclude<keyof Purged, 'partitions'>,
    remove: (sql: Sql) => PromiseLike<{ count: number }>,
    patience?: number,
  ): PurgeStep =>
  async (database) => {
    const removed = await database.run(remove, patience)
    return removed.ok ? ok({ [name]: removed.value.count }) : removed
  }

async function dropOldPartitions(
  database: Database,
  now: number,
  months: number,
): Promise<Result<Partial<Purged>, DatabaseFault>> {
  const partitions = await database.run((sql) => oldPartitions(sql, now, months))
  if (!partitions.ok) return partitions
  for (const name of partitions.value) {
    const dropped = await database.run((sql) => dropClickPartition(sql, name), deadline)
    if (!dropped.ok) return dropped
  }
  return ok({ partitions: partitions.value })
}

async function oldPartitions(sql: Sql, now: number, months: number): Promise<string[]> {
  const names: string[] = []
  for (const { settled } of await readSettled(sql))
    for (const { name } of await oldClickPartitions(sql, now, months, settled)) names.push(name)
  return names
}

export type DailyPurge = {
  database: Database
  retention: Retention
  /** This machine's time, in milliseconds since 1970. */
  now: () => number
  /** The database's. */
  databaseTime: () => Promise<Result<number, DatabaseFault>>
  /** Aborted when the site stops, before its database is closed. */
  signal: AbortSignal
}

/** `purged_already`: only one instance purges per UTC day. */
export type DailyOutcome =
  | { code: 'purged'; purged: Purged }
  | { code: 'purged_already' }
  | { code: 'clock_doubted'; reason: string }

/**
 * The purge of a running site, by the database's clock; if that clock cannot be trusted, nothing is deleted. After a
 * failure, or when the site stops, the next instance may claim the day again.
 */
export async function purgeDaily({
  database,
  retention,
  now,
  databaseTime,
  signal,
}: DailyPurge): Promise<Result<DailyOutcome, DatabaseFault>> {
  const time = await databaseTime()
  if (!time.ok) return time
  const at = time.value
  const doubt = await doubtTime(database, at, now())
  if (!doubt.ok) return doubt
  if (doubt.value !== undefined) return ok({ code: 'clock_doubted', reason: doubt.value })
  const claimed = await database.run((sql) => claimPurge(sql, at))
  if (!claimed.ok) return claimed
  if (claimed.value.length === 0) return ok({ code: 'purged_already' })
  const reopen = () => database.run((sql) => reopenPurge(sql))
  signal.addEventListener('abort', reopen, { once: true })
  const purged = await purge(database, at, retention)
  signal.removeEventListener('abort', reopen)
  if (purged.ok) return ok({ code: 'purged', purged: purged.value })
  await reopen()
  return purged
}

export type HourlyPurge = Pick<DailyPurge, 'database' | 'retention' | 'now'> & {
  log: Log
  /** Deletes damaged lines of the journal from before a time in milliseconds since 1970. */
  forgetDamaged: (before: number) => Promise<void>
}

export type Purger = {
  /** Called every hour by a running site; purges once a day. The signal is that of `DailyPurge`. */
  run: (signal: AbortSignal) => Promise<void>
  /** Why the clock could not be trusted when it was last checked; `undefined` if it could. */
  readonly doubt: string | undefined
}

export function createPurger({ database, retention, now, log, forgetDamaged }: HourlyPurge): Purger {
  let doubt: string | undefined
  const run = async (signal: AbortSignal): Promise<void> => {
    const daily = { database, retention, now, databaseTime: () => databaseTime(database), signal }
    const purged = await purgeDaily(daily)
    if (purged.ok) doubt = purged.value.code === 'clock_doubted' ? purged.value.reason : undefined
    if (!purged.ok && signal.aborted) return
    if (!purged.ok) log.warn({ reason: purged.fault.message }, 'the purge could not be finished')
    else if (purged.value.code === 'purged') log.info(purged.value.purged, 'purged')
    else if (purged.value.code === 'purged_already') log.info('already purged today')
    else log.warn({ reason: purged.value.reason }, 'nothing is purged: the clock cannot be trusted')
    // Every instance takes care of its own folder, shared or not.
    if (purged.ok && purged.value.code !== 'clock_doubted')
      await forgetDamaged(now() - retention.PROMO_RETAIN_DETAILS_DAYS * day)
  }
  return {
    run,
    get doubt() {
      return doubt
    },
  }
}

/** What `purge` would remove. */
export async function previewPurge(
  database: Database,
  now: number,
  { PROMO_RETAIN_DETAILS_DAYS, PROMO_RETAIN_EVENTS_MONTHS }: Retention,
): Promise<Result<Purged, DatabaseFault>> {
  const partitions = await database.run((sql) => oldPartitions(sql, now, PROMO_RETAIN_EVENTS_MONTHS))
  if (!partitions.ok) return partitions
  const details = await database.run(
    (sql) => countOldDetails(sql, now, PROMO_RETAIN_DETAILS_DAYS, PROMO_RETAIN_EVENTS_MONTHS),
    deadline,
  )
  if (!details.ok) return details
  const kept = { keyDays: keepKeysDays, months: PROMO_RETAIN_EVENTS_MONTHS }
  const old = await database.run((sql) => countOld(sql, now, kept), deadline)
  if (!old.ok) return old
  return ok({ ...nothing, ...old.value[0], details: details.value, partitions: partitions.value })
}
