import type { RecordLines } from '../buffer/flusher.ts'
import { holdsKind, jsonArrayOf } from '../buffer/record.ts'
import { ok } from '../result.ts'
import type { Database } from '../store/database.ts'
import { recordClicks, recordImpressions } from '../store/events.ts'

const deadline = 10_000

/** Clicks and impressions have a statement each; either may be repeated, so the two need no common transaction. */
export function eventRecorder(database: Database): RecordLines {
  return async (lines) => {
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
