import { fail, ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import { type ApiFault, databaseUnavailable } from '../http/answer.ts'
import { invalid } from '../http/read.ts'
import type { Report } from '../model/report.ts'
import type { ReportQuery } from '../model/report-query.ts'
import { type ReportPart, type ReportRow, readReportParts } from '../store/reports.ts'
import { buildReport } from './build-report.ts'
import type { JudgedEvidence } from './judge-evidence.ts'

export type ReportParts = {
  database: Database
  /** Reads and assesses the sends so far; see `ReportPart`. */
  judge: (evidence: string, newsletter?: string) => Promise<JudgedEvidence>
  /** See `createTurns`. */
  turn: () => Promise<void>
}

/** Milliseconds that a report may take before the reader is asked to try later. */
const deadline = 10_000

/** Reads a report, all of it of one moment. */
export async function readReport(
  { database, judge, turn }: ReportParts,
  query: ReportQuery,
): Promise<Result<Report, ApiFault>> {
  let row: ReportRow | undefined
  const sent = Promise.withResolvers<string | null>()
  const take = ({ evidence, report }: ReportPart): void => {
    if (report) row = report
    if (evidence !== null) sent.resolve(evidence)
  }
  const [read, judged] = await Promise.all([
    database
      .run((sql) => readReportParts(sql, query).forEach(take), deadline)
      .finally(() => sent.resolve(null)),
    sent.promise.then((evidence) => (evidence === null ? undefined : judge(evidence, query.newsletter))),
  ])
  if (!read.ok && read.fault.code === 'refused')
    return fail(invalid({ tz: `is not known to the database: ${read.fault.message}` }))
  if (!read.ok) return fail(databaseUnavailable)
  if (!row) throw new Error('the report statement answers a report')
  const missing = missingOf(row, query)
  if (missing) return fail(invalid(missing))
  await turn()
  const report = buildReport(row, query, judged)
  await turn()
  return ok(report)
}

function missingOf(
  row: ReportRow,
  { offer_id, variation_id, newsletter }: ReportQuery,
): Record<string, string> | undefined {
  if (offer_id !== undefined && row.offers.length === 0) return { offer_id: `there is no offer ${offer_id}` }
  if (variation_id !== undefined && row.variations.length === 0) {
    const where = offer_id === undefined ? '' : ` of offer ${offer_id}`
    return { variation_id: `there is no variation ${variation_id}${where}` }
  }
  if (newsletter && !row.newsletters.includes(newsletter))
    return { newsletter: `there is no send of a newsletter "${newsletter}"` }
  return undefined
}
