import { ok, type Result } from '../base/result.ts'
import type { KeepOptions } from '../buffer/keeper.ts'
import { eventKinds, holdsKind, jsonArrayOf } from '../buffer/record.ts'
import type { RecordLines } from '../buffer/record-batch.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault, Sql } from '../database/sql.ts'
import type { TrackingEvent } from '../model/event.ts'
import type { Config } from '../settings/config.ts'
import { recordConversions } from '../store/conversions.ts'
import type { Rejection } from '../store/event-keys.ts'
import { recordClicks } from '../store/events.ts'
import { recordImpressions } from '../store/impressions.ts'
import { recordSurplus } from '../store/surplus.ts'
import { readTimeline } from '../store/timeline.ts'

/**
 * Clicks, surplus clicks, impressions and conversions have a statement each; each may be repeated, so they need no
 * common transaction. Each has `deadline` milliseconds. `onRecorded` gets what the database rejected.
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

/** How recorded segments are kept. The embedded server has no standby, so they are not kept for it. */
export const keepRecorded = (database: Database, config: KeepSettings): KeepOptions => ({
  keepFor: config.DATABASE_URL === undefined ? 0 : config.PROMO_JOURNAL_KEEP_MINUTES * 60_000,
  longest: Math.min(config.PROMO_RETAIN_DETAILS_DAYS, mostDays) * 86_400_000,
  readTimeline: () => database.run(readTimeline),
  record: recorder(database, 10_000),
})

type KeepSettings = Pick<Config, 'DATABASE_URL' | 'PROMO_JOURNAL_KEEP_MINUTES' | 'PROMO_RETAIN_DETAILS_DAYS'>

/** The purge has not deleted rows of younger events. */
const mostDays = 28

type RecorderOptions = { deadline?: number; onRecorded?: (rejections: readonly Rejection[]) => void }

function recorder(database: Database, deadline: number) {
  return async (lines: Buffer, left: boolean): Promise<Result<Rejection[], DatabaseFault>> => {
    const events = jsonArrayOf(lines)
    const statements: Record<TrackingEvent['kind'], Statement> = {
      click: (sql) => recordClicks(sql, events),
      surplus: (sql) => recordSurplus(sql, events),
      impression: (sql) => recordImpressions(sql, events, left),
      conversion: (sql) => recordConversions(sql, events, left),
    }
    const rejections: Rejection[] = []
    for (const kind of eventKinds) {
      if (!holdsKind(lines, kind)) continue
      const recorded = await database.run(statements[kind], deadline)
      if (!recorded.ok) return recorded
      rejections.push(...recorded.value)
    }
    return ok(rejections)
  }
}

type Statement = (sql: Sql) => PromiseLike<Rejection[]>
