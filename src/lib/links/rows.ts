import * as v from 'valibot'
import { fail, messageOf, ok, type Result } from '../base/result.ts'

/** An invalid row: its key, if it has one, and what is wrong with it. */
export type LeftOut = { key: string; reason: string }

/** A row as the source has it, and the value made of it. */
export type ReadRow<Row, Value> = { row: Row; value: Value }

const longestReason = 300

/** Validates a row of any source. An error, even a bug of this program, affects only that row. */
export function readRow<Row, Value>(
  schema: v.GenericSchema<unknown, Row>,
  prepare: (row: Row) => Value,
  source: unknown,
): Result<ReadRow<Row, Value>, string> {
  try {
    const read = v.safeParse(schema, source)
    if (read.success) return ok({ row: read.output, value: prepare(read.output) })
    return fail(read.issues.map(describeIssue).join(', ').slice(0, longestReason))
  } catch (error) {
    return fail(messageOf(error).slice(0, longestReason))
  }
}

const describeIssue = (issue: v.BaseIssue<unknown>): string =>
  `${v.getDotPath(issue) ?? 'the row'} ${issue.received === 'undefined' ? 'is missing' : issue.message}`

const longestKey = 100

/** The key of a row, even if the rest of it is invalid. */
export function keyOfRow(source: unknown, field: string): string {
  const keyed = v.safeParse(v.record(v.string(), v.unknown()), source)
  const key = keyed.success ? keyed.output[field] : undefined
  return typeof key === 'string' || typeof key === 'number'
    ? `${key}`.slice(0, longestKey)
    : '(without a key)'
}
