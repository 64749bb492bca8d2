import { parse } from 'csv-parse/sync'
import * as v from 'valibot'
import { fail, messageOf, ok, type Result } from '../base/result.ts'
import {
  type DateForm,
  type Decimal,
  dateForms,
  findDateForm,
  findDecimal,
  findDelimiter,
  isoTime,
  plainAmount,
} from './csv-forms.ts'
import { belongingFaults, timeFaults } from './report-conversion.ts'
import { type ConversionReport, conversionSchema, currency, sourceName, status } from './schema.ts'
import { statusOf } from './statuses.ts'

export const reportFields = [
  'external_id',
  'click_id',
  'variation_id',
  'newsletter_send_id',
  'amount',
  'currency',
  'status',
  'occurred_at',
] as const

type Field = (typeof reportFields)[number]

const fieldsFault = `must be one of ${reportFields.join(', ')}`

/** How to read a network's report; missing options are detected. */
export const mappingSchema = v.object({
  source: v.optional(sourceName),
  /** Headings by our names; by default a column has our name. */
  columns: v.optional(
    v.record(v.picklist(reportFields, fieldsFault), v.string('must be the heading of a column')),
    {},
  ),
  delimiter: v.optional(v.pipe(v.string('must be one character'), v.length(1, 'must be one character'))),
  decimal: v.optional(v.picklist(['comma', 'point'], 'must be comma or point')),
  date: v.optional(v.picklist(dateForms, `must be ${dateForms.join(', ')}`)),
  /** For files without such a column. */
  currency: v.optional(currency),
  /** The network's own status words. */
  statuses: v.optional(v.record(v.pipe(v.string(), v.toLowerCase()), status), {}),
})

export type Mapping = v.InferOutput<typeof mappingSchema>

export type RowFault = { line: number; field: string; message: string }

export type ReadReport = {
  rows: { line: number; report: ConversionReport }[]
  faults: RowFault[]
  /** Rows that name neither a click nor a text: sales from elsewhere. */
  without: number
  /** The detected or given options. */
  forms: { delimiter: string; decimal: Decimal; date: DateForm }
}

const tableSchema = v.array(v.object({ record: v.array(v.string()), info: v.object({ lines: v.number() }) }))

/**
 * Reads a network's report, of which only the mapped columns are read. Every invalid row is named; a fault of the whole
 * file is returned instead. `now` is in milliseconds since 1970; `months` is how long rows are kept.
 */
export function readReport(
  text: string,
  mapping: Mapping,
  { now, months }: { now: number; months: number },
): Result<ReadReport, string> {
  const delimiter = mapping.delimiter ?? findDelimiter(text)
  const table = readTable(text, delimiter)
  if (!table.ok) return table
  const [header, ...lines] = table.value
  if (!header || lines.length === 0) return fail('has no rows below its headings')
  const places = findPlaces(header.record, mapping)
  if (!places.ok) return places
  const cellOf = (record: readonly string[], field: Field): string =>
    record[places.value.get(field) ?? -1] ?? ''
  const column = (field: Field) => lines.map(({ record }) => cellOf(record, field))
  const decimal = mapping.decimal ? ok(mapping.decimal) : findDecimal(column('amount'))
  if (!decimal.ok) return fail(`amount ${decimal.fault}`)
  const date = mapping.date ? ok(mapping.date) : findDateForm(column('occurred_at'))
  if (!date.ok) return fail(`occurred_at ${date.fault}`)
  const read: ReadReport = {
    rows: [],
    faults: [],
    without: 0,
    forms: { delimiter, decimal: decimal.value, date: date.value },
  }
  const seen = new Map<string, number>()
  for (const { record, info } of lines) {
    const line = info.lines
    const cell = (field: Field) => cellOf(record, field)
    if (cell('click_id') === '' && cell('variation_id') === '') {
      read.without += 1
      continue
    }
    const given = givenIn(cell, mapping, read.forms)
    const faults = new Map(Object.entries(rowFaults(given, now, months)))
    const before = seen.get(given.external_id)
    if (before !== undefined)
      faults.set(
        'external_id',
        `"${given.external_id}" is also in line ${before}; map a column that has a different id in each row`,
      )
    seen.set(given.external_id, line)
    const parsed = v.safeParse(conversionSchema, given)
    if (parsed.success && faults.size === 0) read.rows.push({ line, report: parsed.output })
    for (const issue of parsed.issues ?? []) {
      const field = `${v.getDotPath(issue)}`
      const shown = Object.entries(given).find(([name]) => name === field)?.[1]
      if (!faults.has(field)) faults.set(field, `${JSON.stringify(shown)} ${issue.message}`)
    }
    for (const [field, message] of faults) read.faults.push({ line, field, message })
  }
  return ok(read)
}

/** A row in the form of the API. What does not have the forms stays as it is, so that faults can show it. */
function givenIn(cell: (field: Field) => string, mapping: Mapping, { decimal, date }: ReadReport['forms']) {
  const [variation, status, time] = [cell('variation_id'), cell('status'), cell('occurred_at')]
  const words = new Map(Object.entries(mapping.statuses))
  return {
    external_id: cell('external_id'),
    source: mapping.source ?? null,
    click_id: cell('click_id') || null,
    newsletter_send_id: cell('newsletter_send_id') || null,
    variation_id: /^\d+$/.test(variation) ? Number(variation) : variation || null,
    amount: plainAmount(cell('amount'), decimal),
    currency: cell('currency') || `${mapping.currency}`,
    status: status === '' ? null : (statusOf(status, words) ?? status),
    occurred_at: time === '' ? null : (isoTime(time, date) ?? time),
  }
}

const rowFaults = (
  given: Parameters<typeof belongingFaults>[0] & { occurred_at: string | null },
  now: number,
  months: number,
): Record<string, string> => {
  const at = Date.parse(given.occurred_at ?? '')
  return { ...belongingFaults(given), ...(Number.isNaN(at) ? {} : timeFaults(at, now, months)) }
}

function readTable(text: string, delimiter: string): Result<v.InferOutput<typeof tableSchema>, string> {
  try {
    const options = { bom: true, info: true, skip_empty_lines: true, trim: true, relax_column_count: true }
    return ok(v.parse(tableSchema, parse(text, { ...options, delimiter })))
  } catch (error) {
    return fail(`is not a CSV file: ${messageOf(error)}`)
  }
}

/** Which column is which. */
function findPlaces(
  headings: readonly string[],
  { columns, currency: common }: Mapping,
): Result<Map<Field, number>, string> {
  const lower = headings.map((heading) => heading.toLowerCase())
  const found = headings.map((heading) => `"${heading}"`).join(', ')
  const places = new Map<Field, number>()
  for (const field of reportFields) {
    const wanted = columns[field]
    const place = lower.indexOf((wanted ?? field).toLowerCase())
    if (place !== -1) places.set(field, place)
    else if (wanted !== undefined) return fail(`has no column "${wanted}"; it has ${found}`)
  }
  const lacks = (field: Field, remedy = '') =>
    fail(`has no column for ${field}: say which one that is${remedy}; it has ${found}`)
  if (!places.has('external_id')) return lacks('external_id')
  if (!places.has('amount')) return lacks('amount')
  if (!places.has('click_id') && !places.has('variation_id')) return lacks('click_id')
  return places.has('currency') || common !== undefined
    ? ok(places)
    : lacks('currency', ', or which currency all are in')
}
