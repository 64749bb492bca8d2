import type { Log } from '../base/log.ts'
import { createAttributor } from '../conversions/attribute.ts'
import { createPostbacks } from '../conversions/postback.ts'
import { findConversionFaults, reportConversion } from '../conversions/report-conversion.ts'
import type { ConversionReport } from '../conversions/schema.ts'
import type { Database } from '../database/database.ts'
import type { Config } from '../settings/config.ts'
import type { SubmissionParts } from '../tracking/submissions.ts'

/** The path of conversions: reported, recorded, and counted for the clicks that led to them. */
export function createConversions(options: {
  config: Config
  database: Database
  submissions: SubmissionParts
  /** Whether the database has this version's tables. */
  ready: () => boolean
  log: Log
}) {
  const { config, database, submissions, ready, log } = options
  const attribute = createAttributor({ database, ready, log })
  const parts = {
    ...submissions,
    months: config.PROMO_RETAIN_EVENTS_MONTHS,
    onRecorded: () => void attribute(),
  }
  const postbacks = createPostbacks(database)
  return {
    attribute,
    answers: {
      findConversionFaults: (body: unknown) => findConversionFaults(submissions, body),
      reportConversion: (report: ConversionReport) => reportConversion(parts, report),
      async takePostback(parameters: URLSearchParams) {
        const report = await postbacks.read(parameters)
        return report.ok ? await reportConversion(parts, report.value) : report.fault
      },
    },
  }
}
