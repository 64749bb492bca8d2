import type { Candidate } from '../selection/choose.ts'
import type { Sql } from './database.ts'

/** Approved variations of active offers that have a weight and a slug, with their rollups of all time. */
export const listCandidates = (sql: Sql) => sql<Candidate[]>`
  select
    o.id as offer_id, o.name as offer_name, o.offer_type, o.weight, o.link_slug,
    v.id as variation_id, v.text_content, v.cta_text, v.tone, v.length_category,
    coalesce(m.recipients, 0)::double precision as recipients,
    coalesce(m.human_clicks, 0)::double precision as human_clicks
  from promo_offers o
  join promo_text_variations v on v.offer_id = o.id
  left join (
    select variation_id, sum(recipients) as recipients, sum(human_clicks) as human_clicks
    from promo_performance_metrics
    group by variation_id
  ) m on m.variation_id = v.id
  where o.active and o.weight > 0 and o.link_slug is not null and v.approved
  order by o.id, v.id
`

export const offerExists = (sql: Sql, id: number) => sql<{ id: number }[]>`
  select id from promo_offers where id = ${id}
`

/** Active offers that no link can be built for. */
export const offersWithoutSlug = (sql: Sql) => sql<{ id: number }[]>`
  select id from promo_offers where active and link_slug is null order by id limit 100
`
