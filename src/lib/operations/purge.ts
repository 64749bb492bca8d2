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

/** Removes what is older than the settings say. Counters and rollups stay as they are. */
export async function purge(
  database: Database,
  now: number,
  { PROMO_RETAIN_DETAILS_DAYS, PROMO_RETAIN_EVENTS_MONTHS }: Retention,
): Promise<Result<Purged, DatabaseFault>> {
  const salts = await database.run((sql) => deleteOldSalts(sql, now))
  if (!salts.ok) return salts
  const keys = await database.run((sql) => deleteOldEventKeys(sql, now, keepKeysDays), deadline)
  if (!keys.ok) return keys
  const partitions = await database.run((sql) => oldPartitions(sql, now, PROMO_RETAIN_EVENTS_MONTHS))
  if (!partitions.ok) return partitions
  for (const name of partitions.value) {
    const dropped = await database.run((sql) => dropClickPartition(sql, name), deadline)
    if (!dropped.ok) return dropped
  }
  const strays = await database.run(
    (sql) => deleteOldDefaultClicks(sql, now, PROMO_RETAIN_EVENTS_MONTHS),
    deadline,
  )
  if (!strays.ok) return strays
  const surplus = await database.run(
    (sql) => deleteOldSurplus(sql, now, PROMO_RETAIN_EVENTS_MONTHS),
    deadline,
  )
  if (!surplus.ok) return surplus
  const details = await database.run((sql) => removeOldDetails(sql, now, PROMO_RETAIN_DETAILS_DAYS), deadline)
  if (!details.ok) return details
  const clickers = await database.run((sql) => deleteOldClickers(sql, now), deadline)
  if (!clickers.ok) return clickers
  const decisions = await database.run(
    (sql) => deleteOldDecisions(sql, now, PROMO_RETAIN_EVENTS_MONTHS),
    deadline,
  )
  if (!decisions.ok) return decisions
  const conversions = await database.run(
    (sql) => deleteOldConversions(sql, now, PROMO_RETAIN_EVENTS_MONTHS),
    deadline,
  )
  if (!conversions.ok) return conversions
  const tokens = await database.run((sql) => deleteOldTokens(sql, now))
  if (!tokens.ok) return tokens
  return ok({
    salts: salts.value.length,
    details: details.value,
    visitors: clickers.value.count,
    event_keys: keys.value.count,
    partitions: partitions.value,
    strays: strays.value.count,
    surplus: surplus.value.count,
    decisions: decisions.value.count,
    conversions: conversions.value.count,
    tokens: tokens.value.count,
  })
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

/** Called every hour by a running site; purges once a day. The signal is that of `DailyPurge`. */
export const purger =
  ({ database, retention, now, log, forgetDamaged }: HourlyPurge) =>
  async (signal: AbortSignal) => {
    const daily = { database, retention, now, databaseTime: () => databaseTime(database), signal }
    const purged = await purgeDaily(daily)
    if (!purged.ok && signal.aborted) return
    if (!purged.ok) log.warn({ reason: purged.fault.message }, 'the purge could not be finished')
    else if (purged.value.code === 'purged') log.info(purged.value.purged, 'purged')
    else if (purged.value.code === 'purged_already') log.info('already purged today')
    else log.warn({ reason: purged.value.reason }, 'nothing is purged: the clock cannot be trusted')
    // Every instance takes care of its own folder, shared or not.
    if (purged.ok && purged.value.code !== 'clock_doubted')
      await forgetDamaged(now() - retention.PROMO_RETAIN_DETAILS_DAYS * day)
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
  const none = {
    salts: 0,
    visitors: 0,
    event_keys: 0,
    strays: 0,
    surplus: 0,
    decisions: 0,
    conversions: 0,
    tokens: 0,
  }
  return ok({
    ...Object.assign(none, ...old.value),
    details: details.value,
    partitions: partitions.value,
  })
}
