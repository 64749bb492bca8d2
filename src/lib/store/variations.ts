import type { Variation } from '../tracking/variation.ts'
import type { Sql } from './database.ts'

export const listVariations = (sql: Sql) => sql<Variation[]>`
  select v.id as variation_id, v.offer_id, o.link_slug
  from promo_text_variations v
  join promo_offers o on o.id = v.offer_id
  order by v.id
`

export const findVariation = (sql: Sql, id: number) => sql<Variation[]>`
  select v.id as variation_id, v.offer_id, o.link_slug
  from promo_text_variations v
  join promo_offers o on o.id = v.offer_id
  where v.id = ${id}
`
