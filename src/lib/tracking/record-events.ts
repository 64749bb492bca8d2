import type { RecordEvents } from '../buffer/flusher.ts'
import { createDeviceReader } from '../classify/device.ts'
import { ok } from '../result.ts'
import type { Database } from '../store/database.ts'
import { recordClicks, recordImpressions } from '../store/events.ts'

const deadline = 10_000

/**
 * Clicks and impressions have a statement each; either may be repeated, so the two need no common transaction. What a
 * click was made with is worked out here, because no visitor waits here.
 */
export function eventRecorder(database: Database): RecordEvents {
  const deviceOf = createDeviceReader()
  return async (events) => {
    const clicks = events
      .filter((event) => event.kind === 'click')
      .map((click) => (click.device === null ? { ...click, ...deviceOf(click.user_agent) } : click))
    const impressions = events.filter((event) => event.kind === 'impression')
    const recordedClicks =
      clicks.length > 0 ? await database.run((sql) => recordClicks(sql, clicks), deadline) : ok([])
    if (!recordedClicks.ok || impressions.length === 0) return recordedClicks
    const recordedImpressions = await database.run((sql) => recordImpressions(sql, impressions), deadline)
    return recordedImpressions.ok
      ? ok([...recordedClicks.value, ...recordedImpressions.value])
      : recordedImpressions
  }
}
