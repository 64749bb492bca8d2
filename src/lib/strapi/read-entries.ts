import * as v from 'valibot'
import { fail, ok, type Result } from '../base/result.ts'
import type { Strapi, StrapiFault } from './client.ts'

/** An entry of a collection type, the same for the flat answers of Strapi 5 and for the `attributes` of Strapi 4. */
export type Entry = {
  id: number
  /** Stable for as long as the entry exists; Strapi 4 has none, so there it is the id. */
  documentId: string
  fields: Readonly<Record<string, unknown>>
}

/** Milliseconds for a page, and for all pages. */
const pagePatience = 5_000
const allPatience = 60_000
/** The most that Strapi returns by default. */
const largestPage = 100
const mostEntries = 100_000

const record = v.record(v.string(), v.unknown())
const entrySchema = v.pipe(
  v.looseObject({
    id: v.pipe(v.number(), v.safeInteger()),
    documentId: v.optional(v.string()),
    attributes: v.optional(record),
  }),
  v.transform(
    ({ id, documentId = String(id), attributes, ...flat }): Entry => ({
      id,
      documentId,
      fields: attributes ?? flat,
    }),
  ),
)
const pageSchema = v.object({
  data: v.array(entrySchema),
  meta: v.object({ pagination: v.object({ total: v.number() }) }),
})

/**
 * All published entries, or a fault. Each page begins after the last id of the one before, so that entries that are
 * added or deleted meanwhile neither hide nor repeat others. `select` is the part of the query that names the fields.
 */
export async function readEntries(
  strapi: Strapi,
  select: string,
  elapsed: () => number,
  pageSize = largestPage,
): Promise<Result<Entry[], StrapiFault>> {
  const until = elapsed() + allPatience
  const entries: Entry[] = []
  for (let after = 0; ; ) {
    const patience = Math.min(pagePatience, until - elapsed())
    if (patience <= 0) return fail(tooSlow)
    const query = `${select}&filters[id][$gt]=${after}&sort=id:asc&pagination[pageSize]=${pageSize}`
    const page = readPage(await strapi.ask(query, { patience, again: true }), after)
    if (!page.ok) return page
    entries.push(...page.value.entries.filter(isPublished))
    const last = page.value.entries.at(-1)
    if (!last || page.value.entries.length >= page.value.total) return ok(entries)
    if (entries.length >= mostEntries) return fail(tooMany)
    after = last.id
  }
}

/** The published entries whose field has this text, at most a few. */
export async function findEntries(
  strapi: Strapi,
  select: string,
  field: string,
  text: string,
  patience: number,
): Promise<Result<Entry[], StrapiFault>> {
  const query = `${select}&filters[${field}][$eq]=${encodeURIComponent(text)}&sort=id:asc&pagination[pageSize]=10`
  const page = readPage(await strapi.ask(query, { patience }), 0)
  return page.ok ? ok(page.value.entries.filter(isPublished)) : page
}

/** The part of a query that names fields. */
export const selectFields = (fields: Iterable<string>): string =>
  ['status=published', ...[...new Set(fields)].map((field, index) => `fields[${index}]=${field}`)].join('&')

/** The part of a query that includes the entries of a relation, or components, with these fields. */
export const selectWithin = (relation: string, fields: Iterable<string>): string =>
  [...new Set(fields)].map((field, index) => `populate[${relation}][fields][${index}]=${field}`).join('&')

/** An entry within another one; a component has no document id. */
export type EntryWithin = { documentId: string | undefined; fields: Readonly<Record<string, unknown>> }

const withinSchema = v.pipe(
  v.looseObject({
    id: v.optional(v.number()),
    documentId: v.optional(v.string()),
    attributes: v.optional(record),
  }),
  v.transform(
    ({ id, documentId, attributes, ...flat }): EntryWithin => ({
      documentId: documentId ?? (attributes && id !== undefined ? String(id) : undefined),
      fields: attributes ?? flat,
    }),
  ),
)
const manyWithinSchema = v.union([
  v.array(withinSchema),
  v.pipe(
    v.object({ data: v.array(withinSchema) }),
    v.transform(({ data }) => data),
  ),
])

/** The published entries of a relation with many, or the components of a list; `undefined` if it is neither. */
export function readWithin(value: unknown): EntryWithin[] | undefined {
  const many = v.safeParse(manyWithinSchema, value)
  return many.success ? many.output.filter(isPublished) : undefined
}

function readPage(
  answer: Result<unknown, StrapiFault>,
  after: number,
): Result<{ entries: Entry[]; total: number }, StrapiFault> {
  if (!answer.ok) return answer
  const page = v.safeParse(pageSchema, answer.value)
  if (!page.success) return fail(notStrapi)
  const { data, meta } = page.output
  let last = after
  for (const { id } of data) {
    if (id <= last) return fail(notInOrder)
    last = id
  }
  if (data.length === 0 && meta.pagination.total > 0) return fail(notInOrder)
  return ok({ entries: data, total: meta.pagination.total })
}

/** A draft is not published yet. Without drafts, entries may lack the field. */
const isPublished = ({ fields }: Pick<Entry, 'fields'>): boolean => fields.publishedAt !== null

const tooSlow: StrapiFault = {
  code: 'failing',
  message: `did not give all entries within ${allPatience / 1_000} s`,
}
const tooMany: StrapiFault = {
  code: 'unsuitable',
  message: `has more than ${mostEntries} entries`,
  advice: `Strapi has more than ${mostEntries} entries: use the table for as many as that`,
}
const notStrapi: StrapiFault = {
  code: 'unsuitable',
  message: 'its answer does not have the form of Strapi 4 or 5',
  advice: 'What answers at PROMO_STRAPI_URL is not the REST API of Strapi 4 or 5: correct the setting',
}
const notInOrder: StrapiFault = {
  code: 'failing',
  message: 'gave a page twice, or entries in no order',
}
