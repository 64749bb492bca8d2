import { fail, ok, type Result } from '../base/result.ts'
import type { Fields } from '../settings/strapi-fields.ts'
import type { Strapi, StrapiFault } from '../strapi/client.ts'
import { type Entry, findEntries, readEntries, selectFields } from '../strapi/read-entries.ts'
import type { LinkSource } from './link.ts'
import type { Listing } from './refreshing-cache.ts'
import type { LeftOut } from './rows.ts'

/** Links from Strapi, and why they could not be read the last time, if so. */
export type StrapiSource = Omit<LinkSource, 'list'> & {
  list(): Promise<Result<Listing, StrapiFault>>
  readonly fault: StrapiFault | undefined
}

/** The longest that a visitor with an unknown slug waits for Strapi, in milliseconds. */
const findPatience = 1_000
/** Single look-ups per second; a key beyond that is absent until the next refresh. */
const findsPerSecond = 10
const longestName = 40

export function createStrapiSource(options: {
  strapi: Strapi
  fields: Fields
  /** A monotonic clock in milliseconds. */
  elapsed: () => number
}): StrapiSource {
  const { strapi, fields, elapsed } = options
  const select = selectFields(fields.values())
  const slugField = `${fields.get('slug')}`
  let fault: StrapiFault | undefined
  let finds = { since: Number.NEGATIVE_INFINITY, count: 0 }

  const noteFault = <Value>(read: Result<Value, StrapiFault>): Result<Value, StrapiFault> => {
    fault = read.ok ? undefined : read.fault
    return read
  }
  const mayFind = (): boolean => {
    if (elapsed() - finds.since >= 1_000) finds = { since: elapsed(), count: 0 }
    finds.count += 1
    return finds.count <= findsPerSecond
  }

  return {
    get fault() {
      return fault
    },
    async list() {
      const read = await readEntries(strapi, select, elapsed)
      if (!read.ok) return noteFault(read)
      const missing = missingField(fields, read.value)
      if (missing !== undefined) return noteFault(fail(lacksField(missing)))
      return noteFault(ok({ ...listingOf(fields, read.value), empty: read.value.length === 0 }))
    },
    async find(slug) {
      if (!mayFind()) return ok(undefined)
      const found = await findEntries(strapi, select, slugField, slug, findPatience)
      if (!found.ok) return noteFault(found)
      const { rows } = listingOf(fields, found.value)
      return ok(rows.find((row) => row.slug === slug))
    },
  }
}

const lacksField = (field: string): StrapiFault => ({
  code: 'unsuitable',
  message: `its entries have no field "${field}"`,
  advice: `Strapi's entries have no field "${field}": set the names of their fields in PROMO_STRAPI_FIELDS`,
})

/** Strapi returns all fields of an entry, even empty ones, so a field that no entry has is misnamed. */
const missingField = (fields: Fields, entries: readonly Entry[]): string | undefined =>
  entries.length === 0
    ? undefined
    : [...fields.values()].find((field) => !entries.some((entry) => Object.hasOwn(entry.fields, field)))

type LinkEntry = {
  slug: unknown
  entry: string
  /** Its name if it is invalid. */
  told: string
}

/**
 * Active links, each as its entry has it. Of entries with the same slug it is the one with the first document id, which
 * stays the same when an entry is published again.
 */
function listingOf(fields: Fields, entries: readonly Entry[]): { rows: LinkEntry[]; leftOut: LeftOut[] } {
  const rows = new Map<unknown, LinkEntry>()
  const leftOut: LeftOut[] = []
  // One that was published again while the pages were read may occur twice.
  const latest = new Map(entries.map((entry) => [entry.documentId, entry]))
  for (const entry of [...latest.values()].sort((one, other) =>
    one.documentId < other.documentId ? -1 : 1,
  )) {
    const { active, ...row } = rowOf(fields, entry)
    if (active === false) continue
    const same = rows.get(row.slug)
    if (active !== true) leftOut.push({ key: row.told, reason: 'active must be true or false' })
    else if (same) leftOut.push({ key: row.told, reason: `slug is also that of the entry ${same.entry}` })
    else rows.set(typeof row.slug === 'string' ? row.slug : row, row)
  }
  return { rows: [...rows.values()], leftOut }
}

/** Empty fields get the defaults of a new link. */
function rowOf(fields: Fields, entry: Entry) {
  const given = (word: string): unknown => {
    const field = fields.get(word)
    return field === undefined ? undefined : entry.fields[field]
  }
  const slug = given('slug')
  return {
    entry: entry.documentId,
    told: `${typeof slug === 'string' ? slug.slice(0, longestName) : '(without a slug)'} (entry ${entry.documentId})`,
    slug: typeof slug === 'string' ? slug.toLowerCase() : slug,
    destination_url: given('destination'),
    active: given('active') ?? true,
    utm: parametersOf(fields, entry, given('utm') ?? {}),
    pass_parameters: given('pass_parameters') ?? false,
    click_id_parameter: given('click_id_parameter') || null,
  }
}

/** Parameters from the field with all of them, and from the fields for one each. */
function parametersOf(fields: Fields, entry: Entry, given: unknown): unknown {
  const single = [...fields].flatMap(([word, field]) => {
    const value = /^[um]tm_/.test(word) ? entry.fields[field] : undefined
    return value === undefined || value === null || value === '' ? [] : [[word, value] as const]
  })
  if (typeof given !== 'object' || Array.isArray(given)) return given
  return { ...given, ...Object.fromEntries(single) }
}
