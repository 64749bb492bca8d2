import { ok, type Result } from '../base/result.ts'
import { encodeRecord } from '../buffer/record.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault } from '../database/sql.ts'
import { settle } from '../operations/settle.ts'
import { hasSends, listSampleVariations, makeClickPartitionsBetween } from '../store/catalogue.ts'
import { eventRecorder } from '../tracking/record-events.ts'
import { sampleDays, sampleHistory, samplePrefix } from './history.ts'

const batch = 1_000
const day = 24 * 3_600_000
const partitionsDeadline = 60_000
const seed = 20_251_018

/**
 * Records the sample history on the offers of these names, as events are always recorded. If there is any sample send
 * already, nothing changes. Returns how many sends and clicks were recorded.
 */
export async function recordSampleHistory(
  database: Database,
  options: { offers: readonly string[]; now: number },
): Promise<Result<{ sends: number; clicks: number }, DatabaseFault>> {
  const found = await database.run((sql) => hasSends(sql, samplePrefix))
  if (!found.ok) return found
  if (found.value.some((row) => row.found)) return ok({ sends: 0, clicks: 0 })
  const variations = await database.run((sql) => listSampleVariations(sql, options.offers))
  if (!variations.ok) return variations
  const events = sampleHistory({ variations: variations.value, now: options.now, seed })
  const from = options.now - (sampleDays + 1) * day
  const made = await database.run(
    (sql) => makeClickPartitionsBetween(sql, from, options.now),
    partitionsDeadline,
  )
  if (!made.ok) return made
  // The sends come last, in one statement: if they are there, so is everything else.
  const clicks = events.filter(({ kind }) => kind === 'click')
  const sends = events.filter(({ kind }) => kind === 'impression')
  const record = eventRecorder(database)
  for (let start = 0; start < clicks.length; start += batch) {
    const recorded = await record(Buffer.from(encodeRecord(clicks.slice(start, start + batch))), true)
    if (!recorded.ok) return recorded
  }
  const recorded = await record(Buffer.from(encodeRecord(sends)), true)
  if (!recorded.ok) return recorded
  // Nobody else records meanwhile, and whoever looks at the sample wants to see all of it. A running site settles the
  // rest.
  await settle(database, { age: 0 })
  return ok({ sends: sends.length, clicks: clicks.length })
}
