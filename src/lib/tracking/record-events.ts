import type { RecordLines } from '../buffer/flusher.ts'
import { holdsKind, jsonArrayOf } from '../buffer/record.ts'
import { ok, type Result } from '../result.ts'
import type { Database, DatabaseFault } from '../store/database.ts'
import { type Rejection, recordClicks, recordImpressions } from '../store/events.ts'

const deadline = 10_000

/**
 * Clicks and impressions have a statement each; either may be repeated, so the two need no common transaction.
 * `onRecorded` is told what the database had no place for.
 */
export function eventRecorder(
  database: Database,
  onRecorded?: (rejections: readonly Rejection[]) => void,
): RecordLines {
  const record = recorder(database)
  return async (lines) => {
    const recorded = await record(lines)
    if (recorded.ok) onRecorded?.(recorded.value)
    return recorded
  }
}

function recorder(database: Database) {
  return async (lines: Buffer): Promise<Result<Rejection[], DatabaseFault>> => {
    const events = jsonArrayOf(lines)
    const recordedClicks = holdsKind(lines, 'click')
      ? await database.run((sql) => recordClicks(sql, events), deadline)
      : ok([])
    if (!recordedClicks.ok || !holdsKind(lines, 'impression')) return recordedClicks
    const recordedImpressions = await database.run((sql) => recordImpressions(sql, events), deadline)
    return recordedImpressions.ok
      ? ok([...recordedClicks.value, ...recordedImpressions.value])
      : recordedImpressions
  }
}
