import { holdsKind, jsonArrayOf } from '../buffer/record.ts'
import type { RecordLines } from '../buffer/record-batch.ts'
import { ok, type Result } from '../result.ts'
import type { Database, DatabaseFault } from '../store/database.ts'
import type { Rejection } from '../store/event-keys.ts'
import { recordClicks } from '../store/events.ts'
import { recordImpressions } from '../store/impressions.ts'

/**
 * Clicks and impressions have a statement each; either may be repeated, so the two need no common transaction. Each has
 * `deadline` milliseconds. `onRecorded` is told what the database had no place for.
 */
export function eventRecorder(
  database: Database,
  { deadline = 10_000, onRecorded }: RecorderOptions = {},
): RecordLines {
  const record = recorder(database, deadline)
  return async (lines, left) => {
    const recorded = await record(lines, left)
    if (recorded.ok) onRecorded?.(recorded.value)
    return recorded
  }
}

type RecorderOptions = { deadline?: number; onRecorded?: (rejections: readonly Rejection[]) => void }

function recorder(database: Database, deadline: number) {
  return async (lines: Buffer, left: boolean): Promise<Result<Rejection[], DatabaseFault>> => {
    const events = jsonArrayOf(lines)
    const recordedClicks = holdsKind(lines, 'click')
      ? await database.run((sql) => recordClicks(sql, events), deadline)
      : ok([])
    if (!recordedClicks.ok || !holdsKind(lines, 'impression')) return recordedClicks
    const recordedImpressions = await database.run((sql) => recordImpressions(sql, events, left), deadline)
    return recordedImpressions.ok
      ? ok([...recordedClicks.value, ...recordedImpressions.value])
      : recordedImpressions
  }
}
