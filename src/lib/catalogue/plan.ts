import { isDeepStrictEqual } from 'node:util'
import { type Lead, loopFrom, wayOf } from '../links/link-faults.ts'
import type { StoredOffer, StoredVariation } from '../store/catalogue.ts'
import type { CatalogueFault } from './check.ts'
import type { Catalogue } from './schema.ts'

export type LinkRow = {
  slug: string
  destination_url: string
  active: boolean
  utm: Record<string, string>
  pass_parameters: boolean
}

export type OfferRow = {
  name: string
  offer_type: string
  link_slug: string | null
  weight: number
  active: boolean
}

export type VariationRow = {
  text_content: string
  cta_text: string | null
  tone: string | null
  length_category: string | null
  approved: boolean
}

export type Difference = { field: string; from: unknown; to: unknown }

/** What becomes of a row: `row` is how it will be, `differences` how it is now where that is something else. */
export type Change<Row> = { kind: 'added' | 'changed' | 'unchanged'; row: Row; differences: Difference[] }

export type VariationPlan = { id: number | undefined; change: Change<VariationRow> }
/** An offer that gets another slug, with the link that its old slug then is, if there is one. */
export type SlugChange = { from: string | null; to: string; formerLink: LinkRow | undefined }

export type OfferPlan = {
  id: number | undefined
  change: Change<OfferRow>
  slugChange: SlugChange | undefined
  variations: VariationPlan[]
}
export type Plan = { links: Change<LinkRow>[]; offers: OfferPlan[] }

/** The rows of the database that the file may be about, and the links of slugs that its offers have there. */
export type Stored = { links: LinkRow[]; offers: StoredOffer[]; variations: StoredVariation[] }

const newLink = { active: true, utm: {}, pass_parameters: false }
const newOffer = { offer_type: 'affiliate', weight: 1, active: true }
const newVariation = { cta_text: null, tone: null, length_category: null, approved: false }

/** Compares the file with the database. Fields that the file leaves out stay, or take the column's default. */
export function planImport(catalogue: Catalogue, stored: Stored): Plan {
  const links = catalogue.links.map((link) => {
    const present = stored.links.find(({ slug }) => slug === link.slug)
    return compare(present, { ...(present ?? newLink), ...link })
  })
  const linksAfter = [...links.map(({ row }) => row), ...stored.links]
  return {
    links,
    offers: catalogue.offers.map(({ variations, ...offer }) => {
      const { id, ...present } = stored.offers.find(({ name }) => name === offer.name) ?? { id: undefined }
      return {
        id,
        change: compare('name' in present ? present : undefined, { ...newOffer, ...present, ...offer }),
        slugChange:
          'name' in present && present.link_slug !== offer.link_slug
            ? {
                from: present.link_slug,
                to: offer.link_slug,
                formerLink: linksAfter.find(({ slug }) => slug === present.link_slug),
              }
            : undefined,
        variations: variations.map((variation) => {
          const {
            id: variationId,
            offer_id: _,
            ...row
          } = stored.variations.find(
            ({ offer_id, text_content }) => offer_id === id && text_content === variation.text_content,
          ) ?? { id: undefined, offer_id: undefined }
          return {
            id: variationId,
            change: compare('approved' in row ? row : undefined, { ...newVariation, ...row, ...variation }),
          }
        }),
      }
    }),
  }
}

function compare<Row extends object>(present: Row | undefined, row: Row): Change<Row> {
  if (!present) return { kind: 'added', row, differences: [] }
  const before = new Map<string, unknown>(Object.entries(present))
  const differences = Object.entries(row).flatMap(([field, to]) => {
    const from = before.get(field)
    return isDeepStrictEqual(from, to) ? [] : [{ field, from, to }]
  })
  return { kind: differences.length > 0 ? 'changed' : 'unchanged', row, differences }
}

/** Natural keys that stand for several rows of the database (adopted tables may hold such): which is meant? */
export function findAmbiguous(catalogue: Catalogue, { offers, variations }: Stored): CatalogueFault[] {
  return catalogue.offers.flatMap((offer, index) => {
    const named = offers.filter(({ name }) => name === offer.name)
    if (named.length > 1) return [{ place: `offers[${index}].name`, message: severalRows(named) }]
    return offer.variations.flatMap(({ text_content }, position) => {
      const same = variations.filter(
        (row) => row.offer_id === named[0]?.id && row.text_content === text_content,
      )
      const place = `offers[${index}].variations[${position}].text_content`
      return same.length > 1 ? [{ place, message: severalRows(same) }] : []
    })
  })
}

const severalRows = (rows: { id: number }[]): string =>
  `is in the database ${rows.length} times (ids ${rows.map(({ id }) => id).join(', ')}); keep or rename one first`

/** Links that would lead back to themselves, with the active links of the database that the file does not name. */
export function findLoops({ links }: Plan, leads: readonly Lead[], siteUrl: string): CatalogueFault[] {
  const destinations = new Map(leads.map(({ slug, destination_url }) => [slug, destination_url]))
  for (const { row } of links) {
    if (row.active) destinations.set(row.slug, row.destination_url)
    else destinations.delete(row.slug)
  }
  return links.flatMap(({ row }, index) => {
    const loop = row.active ? loopFrom(row.slug, destinations, siteUrl) : undefined
    const message = loop && `leads back to itself: ${wayOf(loop)}; let one of them lead to the merchant`
    return message === undefined ? [] : [{ place: `links[${index}].destination_url`, message }]
  })
}
