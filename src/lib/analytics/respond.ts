import { createHash } from 'node:crypto'
import { type Answer, faultAnswer, json } from '../http/answer.ts'
import { invalid } from '../http/read.ts'
import { type ReportQuery, tables } from './query.ts'
import type { Report } from './report.ts'
import { tableOf } from './tables.ts'

/** Seconds for which a reader's own browser may show a report again without asking. */
const freshFor = 30

/** A report as JSON or as a CSV file of one table. */
export function respondReport(report: Report, query: ReportQuery): Answer {
  const [table, ...others] = tables.filter((name) => query.include.has(name))
  if (query.format === 'csv' && others.length > 0) {
    const asked = [table, ...others].map((name) => `include_${name}`).join(', ')
    return faultAnswer(invalid({ format: `csv holds one table; ask for one of ${asked} at a time` }))
  }
  const full = query.format === 'csv' ? file(tableOf(report, table), table ?? 'offers') : json(200, report)
  // Encoded once, for its digest and for its reader.
  const body = Buffer.from(`${full.body}`)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`
  const headers = {
    ...full.headers,
    'cache-control': `private, max-age=${freshFor}`,
    vary: 'Authorization, Cookie',
    etag,
  }
  return { ...full, headers, body }
}

/** Tells a reader that has the same report already, by its request's `If-None-Match`, in place of sending it again. */
export const unlessKnown = (answer: Answer, known: string | null): Answer =>
  answer.status === 200 && isKnown(known, answer.headers.etag)
    ? { status: 304, headers: without(answer.headers, 'content-type') }
    : answer

const file = (text: string, name: string): Answer => ({
  status: 200,
  headers: {
    ...json(200, null).headers,
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': `attachment; filename="promo-${name}.csv"`,
  },
  body: text,
})

const isKnown = (known: string | null, etag: string | undefined): boolean =>
  known !== null &&
  (known.trim() === '*' || known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag))

const without = (headers: Record<string, string>, name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name))
