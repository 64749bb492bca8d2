import { isDeepStrictEqual } from 'node:util'
import { loopFrom, wayOf } from '../links/link-faults.ts'
import type { CatalogueLink, CatalogueOffer, CatalogueVariation } from '../model/catalogue.ts'
import type { Lead } from '../model/link.ts'
import type { StoredOffer, StoredVariation } from '../store/catalogue.ts'
import type { CatalogueFault, CatalogueKeys } from './check.ts'
import { type Listed, type MatchedTexts, matchCatalogue, textsListed } from './match.ts'
import type { Catalogue } from './schema.ts'

export type Difference = { field: string; from: unknown; to: unknown }

/** The change of a row: `row` is the new state, `differences` the current values of fields that change. */
export type Change<Row> = { kind: 'added' | 'changed' | 'unchanged'; row: Row; differences: Difference[] }

export type VariationPlan = { id: number | undefined; change: Change<CatalogueVariation> }
/** An offer that gets another slug, with the link that its old slug has, if there is one. */
export type SlugChange = { from: string | null; to: string; formerLink: CatalogueLink | undefined }

export type OfferPlan = {
  id: number | undefined
  change: Change<CatalogueOffer>
  slugChange: SlugChange | undefined
  variations: VariationPlan[]
}
export type Plan = { links: Change<CatalogueLink>[]; offers: OfferPlan[] }

/** The rows of the database that the file may match, and the links of the slugs that its offers have there. */
export type Stored = { links: CatalogueLink[]; offers: StoredOffer[]; variations: StoredVariation[] }

const newLink = { active: true, utm: {}, pass_parameters: false, click_id_parameter: null }
const newOffer = { offer_type: 'affiliate', weight: 1, active: true, document_id: null }
const newVariation = {
  cta_text: null,
  tone: null,
  length_category: null,
  approved: false,
  document_id: null,
}

/**
 * Compares the catalogue with the database. Omitted fields stay, or get the column's default. What is no longer in
 * `listed` is no longer chosen.
 */
export function planImport(catalogue: Catalogue, stored: Stored, listed?: Listed): Plan {
  const links = catalogue.links.map((link) => {
    const present = stored.links.find(({ slug }) => slug === link.slug)
    return compare(present, { ...(present ?? newLink), ...link })
  })
  const linksAfter = [...links.map(({ row }) => row), ...stored.links]
  const known = matchCatalogue(catalogue.offers, stored, listed)
  const offers = known.map(({ offer: { variations: _, ...offer }, rows: [present], texts }): OfferPlan => {
    if (!present)
      return {
        id: undefined,
        change: compare(undefined, { ...newOffer, ...offer }),
        slugChange: undefined,
        variations: planTexts(texts),
      }
    const { id, ...row } = present
    return {
      id,
      change: compare(row, { ...row, ...offer }),
      slugChange:
        row.link_slug === offer.link_slug
          ? undefined
          : {
              from: row.link_slug,
              to: offer.link_slug,
              formerLink: linksAfter.find(({ slug }) => slug === row.link_slug),
            },
      variations: [...planTexts(texts), ...planGoneTexts(texts, textsListed(offer, listed))],
    }
  })
  return { links, offers: [...offers, ...planGoneOffers(offers, stored, listed)] }
}

const planTexts = ({ each }: MatchedTexts): VariationPlan[] =>
  each.map(({ entry, rows: [present] }) => {
    if (!present) return { id: undefined, change: compare(undefined, { ...newVariation, ...entry }) }
    const { id, offer_id: _, ...row } = present
    return { id, change: compare(row, { ...row, ...entry }) }
  })

/** Texts from there that their offer no longer has. */
const planGoneTexts = ({ others }: MatchedTexts, still: ReadonlySet<string> | undefined): VariationPlan[] =>
  others.flatMap(({ id, offer_id: _, ...row }) =>
    !still || row.document_id === null || still.has(row.document_id)
      ? []
      : [{ id, change: compare(row, { ...row, approved: false }) }],
  )

function planGoneOffers(plans: readonly OfferPlan[], { offers }: Stored, listed?: Listed): OfferPlan[] {
  const planned = new Set(plans.map(({ id }) => id))
  return offers.flatMap(({ id, ...row }) =>
    !listed || planned.has(id) || row.document_id === null || listed.has(row.document_id)
      ? []
      : [{ id, change: compare(row, { ...row, active: false }), slugChange: undefined, variations: [] }],
  )
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

/** Links that would lead back to themselves, with the active links of the database that the file does not name. */
export function findLoops(
  links: CatalogueKeys['links'],
  stored: readonly CatalogueLink[],
  leads: readonly Lead[],
  siteUrl: string,
): CatalogueFault[] {
  const destinations = new Map(leads.map(({ slug, destination_url }) => [slug, destination_url]))
  const isActive = ({ slug, active }: CatalogueKeys['links'][number]) =>
    active ?? stored.find((link) => link.slug === slug)?.active ?? newLink.active
  for (const link of links) {
    const { slug, destination_url } = link
    if (slug === undefined || destination_url === undefined) continue
    if (isActive(link)) destinations.set(slug, destination_url)
    else destinations.delete(slug)
  }
  return links.flatMap(({ slug }, index) => {
    const loop = slug === undefined ? undefined : loopFrom(slug, destinations, siteUrl)
    const message = loop && `leads back to itself: ${wayOf(loop)}; make one of them lead to the merchant`
    return message === undefined ? [] : [{ place: `links[${index}].destination_url`, message }]
  })
}
