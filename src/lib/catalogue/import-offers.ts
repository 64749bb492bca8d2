import { fail, ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault } from '../database/sql.ts'
import type { LeftOut } from '../links/rows.ts'
import { type CatalogueFault, checkCatalogue } from './check.ts'
import { type ImportOptions, importChecked } from './import.ts'
import type { Plan } from './plan.ts'
import type { ReadOffer } from './read-offers.ts'

export type ImportedOffers = { plan: Plan; leftOut: LeftOut[] }

const none = { links: [], offers: [] }
const nothing = { catalogue: none, faults: [], wanted: [], keys: none }

/**
 * Imports offers from Strapi like a file, except that invalid offers, or only their invalid texts, are left out: these
 * stay in the database unchanged.
 */
export async function importOffers(
  database: Database,
  offers: readonly ReadOffer[],
  { turn, ...options }: Pick<ImportOptions, 'siteUrl' | 'elsewhere'> & { turn: string },
): Promise<Result<ImportedOffers, DatabaseFault>> {
  const listed = new Map(
    offers.map(({ documentId, texts }) => [documentId, new Set(texts.map((text) => text.documentId))]),
  )
  const leftOut: LeftOut[] = []
  for (let left = [...offers]; ; ) {
    const checked = left.length === 0 ? nothing : checkCatalogue({ offers: left.map(asInFile) })
    const plan = await importChecked(database, checked, { ...options, strapi: { listed, turn } })
    if (plan.ok) return ok({ plan: plan.value, leftOut })
    if (plan.fault.code !== 'invalid') return fail(plan.fault)
    leftOut.push(...plan.fault.faults.map((fault) => leftOutOf(left, fault)))
    left = withoutFaulty(left, plan.fault.faults)
  }
}

const asInFile = ({ given, texts }: ReadOffer) => ({
  ...given,
  variations: texts.map((text) => text.given),
})

/** The parts of `offers[2].variations[0].text_content`. */
const placePattern = /offers\[(\d+)\](?:\.variations\[(\d+)\])?\.?(\w*)/g
const partsOf = (text: string) => [...text.matchAll(placePattern)].flat()

function leftOutOf(offers: readonly ReadOffer[], { place, message }: CatalogueFault): LeftOut {
  const [, offer, text, field] = partsOf(place)
  const part = partAt(offers, offer, text)
  // Messages name places in a file, which does not exist here.
  const [, otherOffer, otherText] = partsOf(message)
  const other = partAt(offers, otherOffer, otherText)
  const reason = other ? message.replace(placePattern, `that of ${other.told}`) : message
  return { key: `${part?.told}`, reason: `${field}: ${reason}` }
}

const partAt = (offers: readonly ReadOffer[], offer: string | undefined, text: string | undefined) =>
  text === undefined ? offers[Number(offer)] : offers[Number(offer)]?.texts[Number(text)]

function withoutFaulty(offers: readonly ReadOffer[], faults: readonly CatalogueFault[]): ReadOffer[] {
  const places = faults.map(({ place }) => partsOf(place))
  const gone = new Set(places.flatMap(([, offer, text]) => (text === undefined ? [Number(offer)] : [])))
  const goneTexts = new Set(places.map(([, offer, text]) => `${offer} ${text}`))
  return offers.flatMap((offer, index) =>
    gone.has(index)
      ? []
      : [{ ...offer, texts: offer.texts.filter((_, text) => !goneTexts.has(`${index} ${text}`)) }],
  )
}
