import { ok, type Result } from '../result.ts'
import type { Database, DatabaseFault } from '../store/database.ts'
import {
  countDetails,
  deleteOldEventKeys,
  deleteOldSalts,
  deleteOldVisitors,
  dropClickPartition,
  oldClickPartitions,
  removeDetails,
} from '../store/retention.ts'

export type Retention = { PROMO_RETAIN_DETAILS_DAYS: number; PROMO_RETAIN_EVENTS_MONTHS: number }

export type Purged = { salts: number; visitors: number; details: number; event_keys: number; partitions: string[] }

const keepKeysDays = 35
const deadline = 600_000

/** Removes what is older than the settings say. Counters and rollups stay as they are. */
export async function purge(
  database: Database,
  now: number,
  retention: Retention,
): Promise<Result<Purged, DatabaseFault>> {
  const salts = await database.run((sql) => deleteOldSalts(sql, now))
  if (!salts.ok) return salts
  const visitors = await database.run((sql) => deleteOldVisitors(sql, now), deadline)
  if (!visitors.ok) return visitors
  const keys = await database.run((sql) => deleteOldEventKeys(sql, now, keepKeysDays), deadline)
  if (!keys.ok) return keys
  const partitions = await database.run((sql) => oldClickPartitions(sql, now, retention.PROMO_RETAIN_EVENTS_MONTHS))
  if (!partitions.ok) return partitions
  for (const { name } of partitions.value) {
    const dropped = await database.run((sql) => dropClickPartition(sql, name), deadline)
    if (!dropped.ok) return dropped
  }
  const details = await database.run((sql) => removeDetails(sql, now, retention.PROMO_RETAIN_DETAILS_DAYS), deadline)
  if (!details.ok) return details
  return ok({
    salts: salts.value.length,
    visitors: visitors.value[0]?.visitors ?? 0,
    details: details.value[0]?.clicks ?? 0,
    event_keys: keys.value[0]?.keys ?? 0,
    partitions: partitions.value.map(({ name }) => name),
  })
}

/** What `purge` would remove of the clicks themselves. */
export async function previewPurge(
  database: Database,
  now: number,
  retention: Retention,
): Promise<Result<Pick<Purged, 'details' | 'partitions'>, DatabaseFault>> {
  const partitions = await database.run((sql) => oldClickPartitions(sql, now, retention.PROMO_RETAIN_EVENTS_MONTHS))
  if (!partitions.ok) return partitions
  const details = await database.run((sql) => countDetails(sql, now, retention.PROMO_RETAIN_DETAILS_DAYS), deadline)
  if (!details.ok) return details
  return ok({ details: details.value[0]?.clicks ?? 0, partitions: partitions.value.map(({ name }) => name) })
}
