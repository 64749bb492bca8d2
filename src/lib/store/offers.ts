import { arrayLiteral } from '../database/array-literal.ts'
import type { Sql } from '../database/sql.ts'

/**
 * An offer that may be shown, and its approved variations as columns: thousands of rows take the driver longer
 * than the server.
 */
export type OfferCandidates = {
  offer_id: number
  weight: number
  link_slug: string
  variations: number[]
  recipients: number[]
  human_clicks: number[]
}

/**
 * Active offers that have a weight and a slug, with their approved variations in no order. Recipients and human clicks
 * of all time if requested, else empty. Self-tests are excluded.
 */
export const listCandidates = (sql: Sql, counted: boolean) => sql<OfferCandidates[]>`
  select o.id as offer_id, o.weight, o.link_slug, v.variations, v.recipients, v.human_clicks
  from promo_offers o
  join (
    select v.offer_id, array_to_json(array_agg(v.id)) as variations,
      ${
        counted
          ? sql`
              array_to_json(array_agg(coalesce(m.recipients, 0))) as recipients,
              array_to_json(array_agg(coalesce(m.human_clicks, 0))) as human_clicks
            `
          : sql`'[]'::json as recipients, '[]'::json as human_clicks`
      }
    from promo_text_variations v
    ${
      counted
        ? sql`left join (
            select variation_id, sum(recipients) as recipients, sum(human_clicks) as human_clicks
            from promo_daily_metrics
            group by variation_id
          ) m on m.variation_id = v.id`
        : sql``
    }
    where v.approved
    group by v.offer_id
  ) v on v.offer_id = o.id
  where o.active and o.weight > 0 and o.link_slug is not null and o.offer_type <> 'self_test'
  order by o.id
`

/** What an offer needs in order to be chosen. */
export type OfferState = {
  offer_id: number
  active: boolean
  weight: number
  link_slug: string | null
  /** Whether one of its texts is approved. */
  approved: boolean
}

export const listOfferStates = (sql: Sql) => sql<OfferState[]>`
  select o.id as offer_id, o.active, o.weight, o.link_slug,
    exists (select from promo_text_variations v where v.offer_id = o.id and v.approved) as approved
  from promo_offers o
  order by o.id
`

/** What a newsletter shows. */
export type PromoText = {
  offer_id: number
  offer_name: string
  offer_type: string
  variation_id: number
  text_content: string
  cta_text: string | null
  tone: string | null
  length_category: string | null
}

export const readPromoTexts = (sql: Sql, variations: readonly number[]) => sql<PromoText[]>`
  select o.id as offer_id, o.name as offer_name, o.offer_type, v.id as variation_id, v.text_content, v.cta_text, v.tone,
    v.length_category
  from promo_text_variations v
  join promo_offers o on o.id = v.offer_id
  where v.id = any(${arrayLiteral(variations, (id) => id)}::integer[])
`

export const offerExists = (sql: Sql, id: number) => sql<{ id: number }[]>`
  select id from promo_offers where id = ${id}
`

/** Active offers without a slug, so that no link can be built. */
export const offersWithoutSlug = (sql: Sql) => sql<{ id: number }[]>`
  select id from promo_offers where active and link_slug is null order by id limit 100
`
