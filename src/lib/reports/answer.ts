import { type Answer, faultAnswer, json } from '../http/answer.ts'
import { etagOf } from '../http/etag.ts'
import { invalid } from '../http/read.ts'
import type { Report } from '../model/report.ts'
import { type ReportQuery, tables } from '../model/report-query.ts'
import { tableOf } from './tables.ts'

/** Seconds for which a browser may show a report again without asking. */
const freshFor = 30

/** A report as JSON or as a CSV file of one table. */
export function respondReport(report: Report, query: ReportQuery): Answer {
  const [table, ...others] = tables.filter((name) => query.include.has(name))
  if (query.format === 'csv' && others.length > 0) {
    const asked = [table, ...others].map((name) => `include_${name}`).join(', ')
    return faultAnswer(invalid({ format: `csv holds one table; ask for only one of ${asked} at a time` }))
  }
  const full = query.format === 'csv' ? file(tableOf(report, table), table ?? 'offers') : json(200, report)
  // Encoded once, for both digest and response.
  const body = Buffer.from(`${full.body}`)
  const headers = {
    ...full.headers,
    'cache-control': `private, max-age=${freshFor}`,
    vary: 'Authorization, Cookie',
    etag: etagOf(body),
  }
  return { ...full, headers, body }
}

const file = (text: string, name: string): Answer => ({
  status: 200,
  headers: {
    ...json(200, null).headers,
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': `attachment; filename="promo-${name}.csv"`,
  },
  body: text,
})
