import * as v from 'valibot'
import { parseJson, repeatedIn } from '../base/json.ts'
import { fail, type Result } from '../base/result.ts'
import { type Catalogue, catalogueSchema } from './schema.ts'

/** What is wrong, and where in the file: `offers[2].variations[0].text_content`. */
export type CatalogueFault = { place: string; message: string }

export type CheckedCatalogue = {
  /** `undefined` if there are faults. */
  catalogue: Catalogue | undefined
  faults: CatalogueFault[]
  /** Slugs that offers name without a link in the file: the database has to have them. */
  wanted: { place: string; slug: string }[]
  /** What the database is compared with, wherever it can be read in spite of faults. */
  keys: CatalogueKeys
}

export type CatalogueKeys = v.InferOutput<typeof keysSchema>

/** The JSON of an import file. */
export function parseCatalogue(content: string): Result<unknown, { message: string }> {
  const json = content.replace(/^\uFEFF/, '')
  if (json.trim() === '') return fail({ message: 'is empty. It must have the form of db/sample.json' })
  const parsed = parseJson(json)
  if (!parsed.ok) return fail({ message: `is not valid JSON: ${parsed.fault}` })
  const repeated = repeatedIn(json).map(placeOf)
  if (repeated.length === 0) return parsed
  return fail({ message: `has these fields more than once: ${repeated.join(', ')}. Keep one of each` })
}

/** Finds all errors that the file itself shows. */
export function checkCatalogue(json: unknown): CheckedCatalogue {
  const parsed = v.safeParse(catalogueSchema, json)
  const keys = v.parse(keysSchema, json)
  const known = new Set(keys.links.map(({ slug }) => slug))
  const faults = [...(parsed.issues ?? []).map(faultOf), ...duplicates(keys)]
  return {
    catalogue: parsed.success && faults.length === 0 ? parsed.output : undefined,
    faults: faults.filter(
      ({ place, message }, index) =>
        faults.findIndex((other) => other.place === place && other.message === message) === index,
    ),
    wanted: keys.offers.flatMap(({ link_slug: slug }, index) =>
      slug === undefined || known.has(slug) ? [] : [{ place: `offers[${index}].link_slug`, slug }],
    ),
    keys,
  }
}

function faultOf(issue: v.BaseIssue<unknown>): CatalogueFault {
  return { place: placeOf((issue.path ?? []).map(({ key }) => key)) || 'the file', message: explain(issue) }
}

const placeOf = (steps: readonly unknown[]): string => steps.map(step).join('').replace(/^\./, '')

function step(key: unknown): string {
  if (typeof key === 'number') return `[${key}]`
  return /^\w+$/.test(String(key)) ? `.${key}` : `[${JSON.stringify(key)}]`
}

/** The schema has its own messages, except for missing fields. */
function explain(issue: v.BaseIssue<unknown>): string {
  if (issue.type !== 'object' && issue.type !== 'loose_object') return issue.message
  return issue.expected === 'Object' ? 'must be a JSON object' : 'is missing'
}

const keyOf = <Schema extends v.GenericSchema<unknown, unknown>>(schema: Schema) =>
  v.fallback(v.optional(schema), undefined)

/** The database cannot be asked for NUL, nor for halves of a character. */
const askable = v.pipe(
  v.string(),
  v.check((text) => !text.includes('\0') && text.isWellFormed()),
)
const keyText = keyOf(askable)
const keySlug = keyOf(v.pipe(askable, v.toLowerCase()))
const listOf = <Schema extends v.GenericSchema<unknown, object>>(
  schema: Schema,
  none: v.InferOutput<Schema>,
) => v.fallback(v.optional(v.array(v.fallback(schema, none)), []), [])

const noText = { text_content: undefined, document_id: undefined }
const noKeys = { links: [], offers: [] }

/** Only what is compared, so that it can be in a file with other errors. */
const keysSchema = v.fallback(
  v.object({
    links: listOf(v.object({ slug: keySlug, destination_url: keyText, active: keyOf(v.boolean()) }), {
      slug: undefined,
      destination_url: undefined,
      active: undefined,
    }),
    offers: listOf(
      v.object({
        name: keyText,
        link_slug: keySlug,
        document_id: keyText,
        variations: listOf(v.object({ text_content: keyText, document_id: keyText }), noText),
      }),
      { name: undefined, link_slug: undefined, document_id: undefined, variations: [] },
    ),
  }),
  noKeys,
)

const duplicates = ({ links, offers }: CatalogueKeys): CatalogueFault[] => [
  ...repeated(
    links.map(({ slug }) => slug),
    (index) => `links[${index}].slug`,
  ),
  ...repeated(
    offers.map(({ name }) => name),
    (index) => `offers[${index}].name`,
  ),
  ...repeated(
    offers.map(({ document_id }) => document_id),
    (index) => `offers[${index}].document_id`,
  ),
  ...offers.flatMap(({ variations }, offer) => [
    ...repeated(
      variations.map(({ text_content }) => text_content),
      (index) => `offers[${offer}].variations[${index}].text_content`,
    ),
    ...repeated(
      variations.map(({ document_id }) => document_id),
      (index) => `offers[${offer}].variations[${index}].document_id`,
    ),
  ]),
]

function repeated(
  keys: readonly (string | undefined)[],
  placeOf: (index: number) => string,
): CatalogueFault[] {
  const first = new Map<string, number>()
  return keys.flatMap((key, index) => {
    if (key === undefined) return []
    const former = first.get(key)
    if (former !== undefined) return [{ place: placeOf(index), message: `is the same as ${placeOf(former)}` }]
    first.set(key, index)
    return []
  })
}
