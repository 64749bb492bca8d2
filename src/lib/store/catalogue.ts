import type postgres from 'postgres'
import { arrayLiteral } from '../database/array-literal.ts'
import type {
  CatalogueLink,
  CatalogueOffer,
  CatalogueVariation,
  SampleVariation,
} from '../model/catalogue.ts'

/** A pool or a transaction. */
type Statements = postgres.ISql

export type StoredOffer = CatalogueOffer & { id: number }
export type StoredVariation = CatalogueVariation & { id: number; offer_id: number }

/** Held until the end of the transaction, so that of two concurrent imports the second sees what the first wrote. */
export const lockCatalogue = (sql: Statements) => sql`
  select pg_advisory_xact_lock(hashtextextended('promo_catalogue', 0))
`

export const linksBySlug = (sql: Statements, slugs: readonly string[]) => sql<CatalogueLink[]>`
  select slug, destination_url, active, utm, pass_parameters, click_id_parameter from affiliate_links
  where slug = any(${arrayLiteral(slugs, (slug) => slug)}::text[])
`

/** Offers with one of these names or document ids; with `others`, those with any document id as well. */
export const findOffers = (
  sql: Statements,
  names: readonly string[],
  documents: readonly string[],
  others: boolean,
) => sql<StoredOffer[]>`
  select id, name, offer_type, link_slug, weight, active, document_id
  from promo_offers
  where name = any(${arrayLiteral(names, (name) => name)}::text[])
    or document_id = any(${arrayLiteral(documents, (document) => document)}::text[])
    or (${others} and document_id is not null)
  order by id
`

export const variationsOfOffers = (sql: Statements, offers: readonly number[]) => sql<StoredVariation[]>`
  select id, offer_id, text_content, cta_text, tone, length_category, approved, document_id
  from promo_text_variations
  where offer_id = any(${arrayLiteral(offers, (offer) => offer)}::integer[])
  order by id
`

export const saveLink = (sql: Statements, link: CatalogueLink) => sql`
  insert into affiliate_links (slug, destination_url, active, utm, pass_parameters, click_id_parameter)
  values (
    ${link.slug}, ${link.destination_url}, ${link.active}, ${sql.json(link.utm)}, ${link.pass_parameters},
    ${link.click_id_parameter}
  )
  on conflict (slug) do update set
    destination_url = excluded.destination_url,
    active = excluded.active,
    utm = excluded.utm,
    pass_parameters = excluded.pass_parameters,
    click_id_parameter = excluded.click_id_parameter,
    updated_at = now()
`

export const insertOffer = (sql: Statements, offer: CatalogueOffer) => sql<{ id: number }[]>`
  insert into promo_offers (name, offer_type, link_slug, weight, active, document_id)
  values (
    ${offer.name}, ${offer.offer_type}, ${offer.link_slug}, ${offer.weight}, ${offer.active}, ${offer.document_id}
  )
  returning id
`

export const updateOffer = (sql: Statements, id: number, offer: CatalogueOffer) => sql`
  update promo_offers
  set name = ${offer.name}, offer_type = ${offer.offer_type}, link_slug = ${offer.link_slug}, weight = ${offer.weight},
    active = ${offer.active}, document_id = ${offer.document_id}
  where id = ${id}
`

export const insertVariation = (sql: Statements, offerId: number, variation: CatalogueVariation) => sql`
  insert into promo_text_variations (offer_id, text_content, cta_text, tone, length_category, approved, document_id)
  values (
    ${offerId}, ${variation.text_content}, ${variation.cta_text}, ${variation.tone}, ${variation.length_category},
    ${variation.approved}, ${variation.document_id}
  )
`

export const updateVariation = (sql: Statements, id: number, variation: CatalogueVariation) => sql`
  update promo_text_variations
  set text_content = ${variation.text_content}, cta_text = ${variation.cta_text}, tone = ${variation.tone},
    length_category = ${variation.length_category}, approved = ${variation.approved},
    document_id = ${variation.document_id}
  where id = ${id}
`

/** A number above those of all earlier requests to Strapi, by any instance. */
export const takeStrapiTurn = (sql: Statements) => sql<{ turn: string }[]>`
  insert into promo_strapi_turns (asked) values (1)
  on conflict (only_row) do update set asked = promo_strapi_turns.asked + 1
  returning asked::text as turn
`

/** No row if the answer to a later request to Strapi was already imported. */
export const noteStrapiImport = (sql: Statements, turn: string) => sql<{ imported: string }[]>`
  update promo_strapi_turns set imported = ${turn}::bigint where imported <= ${turn}::bigint
  returning imported::text as imported
`

/** Approved variations, with a weight, of the offers of these names. */
export const listSampleVariations = (sql: Statements, names: readonly string[]) => sql<SampleVariation[]>`
  select v.id as variation_id, v.offer_id, o.weight
  from promo_text_variations v
  join promo_offers o on o.id = v.offer_id
  where o.name = any(${arrayLiteral(names, (name) => name)}::text[]) and o.active and o.weight > 0 and v.approved
  order by v.id
`

/** Whether any send's name begins with `prefix`. */
export const hasSends = (sql: Statements, prefix: string) => sql<{ found: boolean }[]>`
  select exists (
    select from promo_impression_tracking where starts_with(newsletter_send_id, ${prefix})
  ) as found
`

/** Makes the partitions of all months between two times in milliseconds since 1970, both included. */
export const makeClickPartitionsBetween = (sql: Statements, from: number, to: number) => sql`
  select promo_make_click_partition(month::date)
  from generate_series(
    date_trunc('month', to_timestamp(${from / 1000}) at time zone 'UTC'),
    to_timestamp(${to / 1000}) at time zone 'UTC',
    interval '1 month'
  ) as month
`
