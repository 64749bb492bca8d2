import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import * as v from 'valibot'
import { fail, ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import { equal } from '../http/access.ts'
import { type ApiFault, databaseUnavailable } from '../http/answer.ts'
import { invalid } from '../http/read.ts'
import { findPostback, type Postback } from '../store/postbacks.ts'
import type { ConversionReport } from './schema.ts'
import { conversionSchema } from './schema.ts'
import { statusOf } from './statuses.ts'

/** The parameters of `GET postback` that a link may rename. */
export const postbackFields = [
  'external_id',
  'click_id',
  'amount',
  'currency',
  'status',
  'occurred_at',
] as const

const text = v.optional(v.string())

/** The query of `GET postback`, by our own names. */
export const postbackSchema = v.strictObject({
  link: v.string(),
  secret: v.string(),
  external_id: v.string(),
  click_id: v.string(),
  amount: v.string(),
  currency: v.string(),
  status: text,
  occurred_at: text,
})

export type Postbacks = {
  /** The conversion that a network's call reports. Unknown parameters are ignored and not stored. */
  read(parameters: URLSearchParams): Promise<Result<ConversionReport, ApiFault>>
}

export const hashOfSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex')

const deadline = 1_000
const mostKnown = 1_000

/** While the database does not answer, recently checked secrets stay valid. */
export function createPostbacks(database: Database): Postbacks {
  const known = new LRUCache<string, Postback>({ max: mostKnown })

  const find = async (slug: string): Promise<Result<Postback | undefined, ApiFault>> => {
    const found = await database.run((sql) => findPostback(sql, slug), deadline)
    if (!found.ok) {
      const remembered = known.get(slug)
      return remembered ? ok(remembered) : fail(databaseUnavailable)
    }
    const [postback] = found.value
    known.set(slug, postback)
    return ok(postback)
  }

  return {
    async read(parameters) {
      const [link, secret] = [parameters.get('link'), parameters.get('secret')]
      if (!link || !secret) return fail(refused)
      const postback = await find(link.toLowerCase())
      if (!postback.ok) return postback
      if (!postback.value || !equal(hashOfSecret(secret), postback.value.secret_hash)) return fail(refused)
      return readParameters(parameters, postback.value)
    },
  }
}

const refused: ApiFault = {
  error: 'unauthorized',
  message:
    'the secret is not the one of this link: use the address that "promo postback-secret SLUG" printed last',
  headers: { 'www-authenticate': 'Bearer' },
}

/** Errors use the network's names. */
function readParameters(
  parameters: URLSearchParams,
  { source, parameters: names }: Postback,
): Result<ConversionReport, ApiFault> {
  const nameOf = (field: string): string => names[field] ?? field
  const repeated = postbackFields.map(nameOf).filter((name) => parameters.getAll(name).length > 1)
  const given = Object.fromEntries(
    postbackFields.flatMap((field) => {
      const value = parameters.get(nameOf(field))
      return value === null || value === '' ? [] : [[field, value]]
    }),
  )
  const status = given.status === undefined ? {} : { status: statusOf(given.status) ?? given.status }
  const parsed = v.safeParse(conversionSchema, { ...given, ...status, source })
  if (parsed.success && repeated.length === 0 && parsed.output.click_id) return ok(parsed.output)
  const faults = (parsed.issues ?? []).map((issue) => {
    const field = `${v.getDotPath(issue)}`
    return [nameOf(field), given[field] === undefined ? 'is missing' : issue.message]
  })
  return fail(
    invalid({
      ...(given.click_id === undefined && { [nameOf('click_id')]: 'is missing' }),
      ...Object.fromEntries(faults),
      ...Object.fromEntries(repeated.map((name) => [name, 'is given more than once'])),
    }),
  )
}
