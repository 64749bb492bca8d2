import { createHash } from 'node:crypto'
import { fail, ok, type Result } from '../base/result.ts'
import { type Fields, textWords } from '../settings/strapi-fields.ts'
import type { Strapi, StrapiFault } from '../strapi/client.ts'
import {
  type Entry,
  type EntryWithin,
  readEntries,
  readWithin,
  selectFields,
  selectWithin,
} from '../strapi/read-entries.ts'

type OfferPart = {
  documentId: string
  /** Its name if it cannot be imported. */
  told: string
  /** As in an import file. */
  given: Record<string, unknown>
}

/** An offer from Strapi in the form of an import file, not validated yet. */
export type ReadOffer = OfferPart & { texts: OfferPart[] }

/** Offers come with their texts: a hundred per page might exceed the limit of an answer. */
const pageSize = 25
const longestName = 40
/** A text may have none of these. */
const mayLack = new Set(['cta_text', 'tone', 'length_category'])

/** All published offers with their published texts, or a fault. */
export async function readOffers(
  strapi: Strapi,
  fields: Fields,
  elapsed: () => number,
): Promise<Result<ReadOffer[], StrapiFault>> {
  const ofTexts = new Map([...fields].filter(([word]) => textWords.includes(word)))
  const variations = `${fields.get('variations')}`
  const ofOffer = new Map([...fields].filter(([word]) => word !== 'variations' && !ofTexts.has(word)))
  const select = `${selectFields(ofOffer.values())}&${selectWithin(variations, ofTexts.values())}`
  const read = await readEntries(strapi, select, elapsed, pageSize)
  if (!read.ok) return read
  // One that was published again while the pages were read may occur twice.
  const entries = [...new Map(read.value.map((entry) => [entry.documentId, entry])).values()]
  const found = entries.map((entry) => ({ entry, texts: readWithin(entry.fields[variations]) }))
  const missing =
    missingField([...ofOffer.values(), variations], entries) ??
    missingField(
      ofTexts.values(),
      found.flatMap(({ texts }) => texts ?? []),
    )
  if (missing !== undefined) return fail(lacksField(missing))
  const offers: ReadOffer[] = []
  for (const { entry, texts } of found) {
    if (!texts) return fail(notMany(variations))
    offers.push(offerOf(entry, texts, ofOffer, ofTexts))
  }
  return ok(offers)
}

/** Strapi returns each requested field, even empty ones, so a field that no entry has is misnamed or hidden. */
const missingField = (fields: Iterable<string>, entries: readonly Pick<Entry, 'fields'>[]) =>
  entries.length === 0
    ? undefined
    : [...fields].find((field) => !entries.some((entry) => Object.hasOwn(entry.fields, field)))

const lacksField = (field: string): StrapiFault => ({
  code: 'unsuitable',
  message: `its offers or their texts have no field "${field}"`,
  advice:
    `Strapi's offers or their texts have no field "${field}": set the names of their fields in ` +
    'PROMO_STRAPI_OFFERS_FIELDS, and allow the token to "find" the texts too',
})
const notMany = (field: string): StrapiFault => ({
  code: 'unsuitable',
  message: `the field "${field}" holds no list of texts`,
  advice:
    `In Strapi "${field}" must be a relation with many texts or a repeatable component: correct it, ` +
    'or PROMO_STRAPI_OFFERS_FIELDS',
})

function offerOf(entry: Entry, texts: EntryWithin[], fields: Fields, ofTexts: Fields): ReadOffer {
  const { documentId } = entry
  const name = entry.fields[`${fields.get('name')}`]
  const told = `${typeof name === 'string' ? name.slice(0, longestName) : '(without a name)'} (entry ${documentId})`
  const given = Object.fromEntries([...fields].map(([word, field]) => [word, entry.fields[field]]))
  for (const word of ['offer_type', 'weight'])
    if (given[word] === null || given[word] === '') delete given[word]
  return {
    documentId,
    told,
    given: { ...given, active: given.active ?? true, document_id: documentId },
    texts: texts.map((text) => textOf(text, ofTexts, told)),
  }
}

/** Publishing approves a text, unless a field decides that. */
function textOf({ documentId, fields: values }: EntryWithin, fields: Fields, offer: string): OfferPart {
  const given = Object.fromEntries(
    [...fields].map(([word, field]) => [
      word,
      mayLack.has(word) && values[field] === '' ? null : values[field],
    ]),
  )
  const id = documentId ?? documentOf(given.text_content)
  return {
    documentId: id,
    told: documentId === undefined ? `a text of ${offer}` : `text ${documentId} of ${offer}`,
    given: { ...given, approved: fields.has('approved') ? (given.approved ?? false) : true, document_id: id },
  }
}

/** Strapi recreates components whenever their entry is published, so only their content stays the same. */
const documentOf = (text: unknown): string =>
  `text-${createHash('sha256').update(`${text}`).digest('hex').slice(0, 32)}`
