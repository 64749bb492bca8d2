import { ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import { rehearse } from '../database/rehearse.ts'
import type { DatabaseFault, Sql } from '../database/sql.ts'
import { listConversions, recordConversions } from '../store/conversions.ts'
import { createEventIds } from '../tracking/event-id.ts'
import { attributeAll } from './attribute.ts'
import type { ReadReport, RowFault } from './read-report.ts'
import { conversionOf } from './report-conversion.ts'

export type Imported = { added: number; changed: number; unchanged: number; faults: RowFault[] }

const batch = 500
const deadline = 60_000

const gone = { field: 'variation_id', message: 'there is no such text' }
const differs = { field: 'external_id', message: 'is already recorded for another click or text' }

/**
 * Records the rows of a report as if each had been reported now, in batches; repeating it changes nothing. A dry run
 * records them, too, and rolls each batch back. Rejected rows are named.
 */
export async function importReport(
  database: Database,
  { rows }: Pick<ReadReport, 'rows'>,
  { dryRun, now }: { dryRun: boolean; now: () => number },
): Promise<Result<Imported, DatabaseFault>> {
  const newEventId = createEventIds()
  const done: Imported = { added: 0, changed: 0, unchanged: 0, faults: [] }
  for (let from = 0; from < rows.length; from += batch) {
    const reported = rows.slice(from, from + batch).map(({ line, report }) => {
      const at = now()
      return { line, event: conversionOf(report, newEventId(at), at) }
    })
    const events = JSON.stringify(reported.map(({ event }) => event))
    const known = await database.run((sql) => listConversions(sql, events), deadline)
    if (!known.ok) return known
    const sameness = new Map(known.value.map(({ event_id, same }) => [event_id, same]))
    const fresh = reported.filter(({ event }) => sameness.get(event.event_id) !== true)
    done.unchanged += reported.length - fresh.length
    const record = (sql: Sql) =>
      recordConversions(sql, JSON.stringify(fresh.map(({ event }) => event)), false)
    const recorded =
      fresh.length === 0
        ? ok([])
        : await database.run(dryRun ? (sql) => rehearse(sql, record) : record, deadline)
    if (!recorded.ok) return recorded
    const refused = new Map(recorded.value.map(({ event_id, reason }) => [event_id, reason]))
    for (const { line, event } of fresh) {
      const reason = refused.get(event.event_id)
      if (reason !== undefined) done.faults.push({ line, ...(reason === 'variation_gone' ? gone : differs) })
      else if (sameness.has(event.event_id)) done.changed += 1
      else done.added += 1
    }
  }
  const counted = dryRun ? ok(undefined) : await attributeAll(database)
  return counted.ok ? ok(done) : counted
}
