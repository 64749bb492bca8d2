import type { Sql } from '../database/sql.ts'
import type { Variation } from '../model/variation.ts'

const knownVariations = (sql: Sql) => sql`
  select v.id as variation_id, v.offer_id, o.link_slug, coalesce(f.slugs, '[]'::json) as former_slugs
  from promo_text_variations v
  join promo_offers o on o.id = v.offer_id
  left join (
    select offer_id, json_agg(slug order by slug) as slugs from promo_former_slugs group by offer_id
  ) f on f.offer_id = o.id
`

export const listVariations = (sql: Sql) => sql<Variation[]>`${knownVariations(sql)} order by v.id`

export const findVariation = (sql: Sql, id: number) => sql<Variation[]>`
  ${knownVariations(sql)} where v.id = ${id}
`
