import * as v from 'valibot'
import { parseJson, repeatedIn } from '../base/json.ts'
import { fail, messageOf, ok, type Result } from '../base/result.ts'
import type { ApiFault } from './answer.ts'
import { readAtMost } from './read-at-most.ts'

/** The largest body in bytes, on every route. */
export const longestBody = 16 * 1024

export const tooLarge = (most: number): ApiFault => ({
  error: 'body_too_large',
  details: { body: `is larger than ${most} bytes; send less` },
})

export const bodyTooLarge = tooLarge(longestBody)

/** A schema of an object that has no other fields than its own. */
type FieldsSchema = v.GenericSchema & { entries: v.ObjectEntries }

/**
 * Reads a JSON body of at most 16 KiB and checks it; all faults are reported together, each under its field. If there
 * are any, `findMore` is asked for those that the schema cannot find.
 */
export async function readJson<Schema extends FieldsSchema>(
  request: Request,
  schema: Schema,
  findMore: (body: unknown) => Promise<Record<string, string>>,
): Promise<Result<v.InferOutput<Schema>, ApiFault>> {
  const header = (name: string) => request.headers.get(name) ?? undefined
  const unsupported = wrongContentType(header('content-type')) ?? wrongEncoding(header('content-encoding'))
  if (unsupported) return fail(unsupported)
  const text = await readText(request)
  if (!text.ok) return text
  const body = parseJson(text.value)
  if (!body.ok) return fail(invalid({ body: `is not valid JSON: ${body.fault.slice(0, 200)}` }))
  // An array would pass for an object whose fields are all missing.
  if (Array.isArray(body.value)) return fail(invalid({ body: notAnObject }))
  const checked = check(schema, body.value)
  const repeated = repeatedIn(text.value).map((steps) => [
    steps.join('.').slice(0, longestName),
    repeatedField,
  ])
  if (checked.ok && repeated.length === 0) return checked
  const faults = checked.ok ? {} : checked.fault.details
  return fail(invalid({ ...(await findMore(body.value)), ...faults, ...Object.fromEntries(repeated) }))
}

/** The fault of a `Content-Type` that is not JSON. */
export function wrongContentType(given: string | undefined): ApiFault | undefined {
  if (given?.split(';')[0]?.trim().toLowerCase() === 'application/json') return undefined
  const found = given === undefined ? 'is missing' : `is ${given.slice(0, 100)}`
  return {
    error: 'unsupported_media_type',
    details: { 'content-type': `${found}; send the body as application/json` },
  }
}

/** The fault of a compressed body: it is not decompressed, since the result could have any size. */
export function wrongEncoding(given: string | undefined): ApiFault | undefined {
  if (given === undefined || ['', 'identity'].includes(given.trim().toLowerCase())) return undefined
  return {
    error: 'unsupported_media_type',
    details: {
      'content-encoding': `is ${given.slice(0, 100)}; send the body uncompressed, without Content-Encoding`,
    },
    headers: { 'accept-encoding': 'identity' },
  }
}

/** Checks query parameters; each may occur once. */
export function readQuery<Schema extends FieldsSchema>(
  query: URLSearchParams,
  schema: Schema,
): Result<v.InferOutput<Schema>, ApiFault> {
  const repeated = [...new Set(query.keys())].filter((name) => query.getAll(name).length > 1)
  if (repeated.length > 0) {
    return fail(invalid(Object.fromEntries(repeated.map((name) => [name, repeatedField]))))
  }
  return check(schema, Object.fromEntries(query))
}

const notAnObject = 'must be a JSON object'
const repeatedField = 'is given more than once'
const longestName = 200

export const invalid = (details: Record<string, string>): ApiFault => ({ error: 'validation_error', details })

function check<Schema extends FieldsSchema>(
  schema: Schema,
  value: unknown,
): Result<v.InferOutput<Schema>, ApiFault> {
  const parsed = v.safeParse(schema, value)
  if (parsed.success) return ok(parsed.output)
  const details = new Map(
    unknownFields(schema, value).map((field) => [field, 'is not a known field; remove it']),
  )
  for (const issue of parsed.issues) {
    const field = v.getDotPath(issue) ?? 'body'
    if (!details.has(field)) details.set(field, explain(issue))
  }
  return fail(invalid(Object.fromEntries(details)))
}

/** All of them: a strict schema stops at the first, and ignores `constructor` and the like. */
const unknownFields = ({ entries }: FieldsSchema, value: unknown): string[] =>
  typeof value === 'object' && value !== null
    ? Object.keys(value).filter((field) => !Object.hasOwn(entries, field))
    : []

/** The schemas have their own messages, except for missing fields of a strict object. */
function explain(issue: v.BaseIssue<unknown>): string {
  if (issue.type !== 'strict_object') return issue.message
  return issue.path ? 'is missing' : notAnObject
}

/** Stops reading as soon as there is too much. */
async function readText(request: Request): Promise<Result<string, ApiFault>> {
  if (Number(request.headers.get('content-length') ?? 0) > longestBody) return fail(bodyTooLarge)
  try {
    const body = await readAtMost(request.body, longestBody)
    return body ? ok(new TextDecoder('utf-8', { fatal: true }).decode(body)) : fail(bodyTooLarge)
  } catch (error) {
    return fail(invalid({ body: `could not be read: ${messageOf(error)}` }))
  }
}
