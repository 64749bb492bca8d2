import type { StoredOffer, StoredVariation } from '../store/catalogue.ts'
import type { CatalogueFault } from './check.ts'
import type { Catalogue } from './schema.ts'

/**
 * Everything that a catalogue's source has, valid or not: the document ids of its offers, each with those of its texts.
 */
export type Listed = ReadonlyMap<string, ReadonlySet<string>>

type Keyed = { document_id?: string | null | undefined }
type TextKeys = Keyed & { text_content?: string | undefined }
type OfferKeys = Keyed & { name?: string | undefined; variations: readonly TextKeys[] }
type StoredRow = { id: number; document_id: string | null }

/**
 * For each entry the rows that it may match, and a row without an entry whose key it would get; the rows without an
 * entry.
 */
type Matched<Entry, One> = {
  each: { entry: Entry; rows: One[]; clash: One | undefined }[]
  others: One[]
}

type OfferOf = Catalogue['offers'][number]
export type MatchedTexts = Matched<OfferOf['variations'][number], StoredVariation>

type StoredRows = { offers: readonly StoredOffer[]; variations: readonly StoredVariation[] }

/** The rows of each offer and of its texts. */
export function matchCatalogue<Offer extends OfferKeys>(
  entries: readonly Offer[],
  { offers, variations }: StoredRows,
  listed?: Listed,
) {
  const nameOf = ({ name }: { name?: string | undefined }) => name
  const textOf = ({ text_content }: TextKeys) => text_content
  const textsOf = Map.groupBy(variations, ({ offer_id }) => offer_id)
  const { each } = matchRows(entries, offers, nameOf, new Set(listed?.keys()))
  return each.map(({ entry: offer, rows, clash }) => {
    const [row] = rows
    const stored = row ? (textsOf.get(row.id) ?? []) : []
    const texts = matchRows<Offer['variations'][number], StoredVariation>(
      offer.variations,
      stored,
      textOf,
      textsListed(offer, listed),
    )
    return { offer, rows, clash, texts }
  })
}

/** The document ids of the texts that an offer still has; `undefined` if unknown. */
export const textsListed = ({ document_id }: Keyed, listed?: Listed): ReadonlySet<string> | undefined =>
  document_id ? listed?.get(document_id) : undefined

/** By document id, or else by key among the rows that no other entry matches by its document id. */
function matchRows<Entry extends Keyed, One extends StoredRow>(
  entries: readonly Entry[],
  rows: readonly One[],
  keyOf: (one: Entry | One) => string | undefined,
  listed: ReadonlySet<string> | undefined,
): Matched<Entry, One> {
  const documents = new Set(listed)
  for (const { document_id } of entries) if (document_id) documents.add(document_id)
  const byDocument = new Map(rows.map((row) => [row.document_id, row]))
  const byKey = Map.groupBy(rows, keyOf)
  const found = entries.map((entry) => {
    const own = entry.document_id ? byDocument.get(entry.document_id) : undefined
    const same = byKey.get(keyOf(entry)) ?? []
    const free = same.filter(({ document_id }) => document_id === null || !documents.has(document_id))
    return { entry, same, rows: own ? [own] : free }
  })
  const matched = new Set(found.flatMap((one) => one.rows))
  const each = found.map(({ entry, same, rows: [row, ...more] }) => ({
    entry,
    rows: row ? [row, ...more] : [],
    clash:
      row && keyOf(row) !== keyOf(entry)
        ? same.find((other) => other.document_id === null && !matched.has(other))
        : undefined,
  }))
  return { each, others: rows.filter((row) => !matched.has(row)) }
}

/**
 * Names and texts that match several rows of the database, or would: adopted tables may have duplicates, and a row with
 * a document id may get the name of one without. These are ambiguous.
 */
export function findAmbiguous(
  offers: readonly OfferKeys[],
  stored: StoredRows,
  listed?: Listed,
): CatalogueFault[] {
  return matchCatalogue(offers, stored, listed).flatMap(({ rows, clash, texts }, index) => {
    const place = `offers[${index}]`
    if (rows.length > 1) return [{ place: `${place}.name`, message: severalRows(rows) }]
    if (clash) return [{ place: `${place}.name`, message: anotherRow('offer', clash) }]
    return texts.each.flatMap((text, position) => {
      const message = text.clash
        ? anotherRow('text of this offer', text.clash)
        : text.rows.length > 1 && severalRows(text.rows)
      return message ? [{ place: `${place}.variations[${position}].text_content`, message }] : []
    })
  })
}

const severalRows = (rows: StoredRow[]): string =>
  `is in the database ${rows.length} times (ids ${rows.map(({ id }) => id).join(', ')}); keep or rename one first`

const anotherRow = (noun: string, { id }: StoredRow): string =>
  `is that of another ${noun} in the database (id ${id}); rename one of them first`
