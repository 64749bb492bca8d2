import { countRecords, jsonArrayOf } from '../lib/buffer/record.ts'
import type { RecordLines } from '../lib/buffer/record-batch.ts'
import type { Database } from '../lib/database/database.ts'
import { listRecordedAlready } from '../lib/store/recorded-already.ts'
import { eventRecorder } from '../lib/tracking/record-events.ts'
import { count } from './command.ts'

const deadline = 10_000

export type ReplayOutcome = {
  record: RecordLines
  /** What happened to a number of events, some of which may have been refused one by one. */
  describe(events: number): string
}

/** Records events and counts those that are new, those already there, and those rejected, by reason. */
export function createReplayOutcome(database: Database): ReplayOutcome {
  const recordEvents = eventRecorder(database)
  let recorded = 0
  let already = 0
  const rejected = new Map<string, number>()

  return {
    async record(lines, left) {
      const known = await database.run((sql) => listRecordedAlready(sql, jsonArrayOf(lines)), deadline)
      if (!known.ok) return known
      const outcome = await recordEvents(lines, left)
      if (!outcome.ok) return outcome
      const ids = new Set(outcome.value.map(({ event_id }) => event_id))
      const there = known.value.filter(({ event_id }) => !ids.has(event_id)).length
      for (const { reason } of outcome.value) rejected.set(reason, (rejected.get(reason) ?? 0) + 1)
      already += there
      recorded += countRecords(lines.toString()) - there - outcome.value.length
      return outcome
    },
    describe(events) {
      const reasons = new Map(rejected)
      const counted = recorded + already + sum(reasons)
      if (events > counted) reasons.set('refused', events - counted)
      const parts = [
        `${recorded} recorded`,
        already > 0 && `${already} already there`,
        reasons.size > 0 && `${sum(reasons)} rejected (${list(reasons)})`,
      ]
      return `replayed ${count(events, 'event')}: ${parts.filter(Boolean).join(', ')}`
    },
  }
}

const sum = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((all, one) => all + one, 0)

const list = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([reason, amount]) => `${amount} ${reason}`).join(', ')
