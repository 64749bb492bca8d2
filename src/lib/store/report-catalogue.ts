import type { Sql } from '../database/sql.ts'
import type { ReportScope } from './report-scope.ts'

/** The sums of an offer or text from `b`; zeros if it has no row. */
const counted = (sql: Sql) => sql`
  coalesce(b.impressions, 0) as impressions, coalesce(b.clicks, 0) as clicks,
  coalesce(b.human_clicks, 0) as human_clicks, coalesce(b.machine_clicks, 0) as machine_clicks,
  coalesce(b.duplicate_clicks, 0) as duplicate_clicks, coalesce(b.uncertain_clicks, 0) as uncertain_clicks,
  coalesce(b.unique_clicks, 0) as unique_clicks
`

/** The offers that a report is about: the requested one, or all that are active or have any counts. */
export const offerRows = (sql: Sql, { query: { offer_id, variation_id } }: ReportScope) => sql`
  select o.id as offer_id, o.name as offer_name, o.offer_type, o.active, ${counted(sql)}
  from promo_offers o left join by_offer b on b.offer_id = o.id
  where not o.id = any(array(select id from hidden))
    ${
      offer_id === undefined
        ? sql`and (o.active or b.offer_id is not null)`
        : sql`and o.id = ${offer_id}::integer`
    }
    ${
      variation_id === undefined || offer_id !== undefined
        ? sql``
        : sql`and o.id = (select offer_id from promo_text_variations where id = ${variation_id}::integer)`
    }
`

/** Its texts: the requested one, or all that can be chosen or have any counts. */
export const variationRows = (sql: Sql, { query: { offer_id, variation_id } }: ReportScope) => sql`
  select v.id as variation_id, v.offer_id, v.text_content, v.cta_text, v.tone, v.length_category, v.approved,
    ${counted(sql)}
  from promo_text_variations v
  join promo_offers o on o.id = v.offer_id
  left join by_variation b on b.variation_id = v.id
  where not o.id = any(array(select id from hidden))
    ${offer_id === undefined ? sql`` : sql`and v.offer_id = ${offer_id}::integer`}
    ${
      variation_id === undefined
        ? sql`and (
              b.variation_id is not null
              -- A text in use is compared with all others in use, so they are shown with it.
              or v.approved and (
                o.active or ${offer_id !== undefined} or v.offer_id in (select offer_id from by_offer)
              )
            )`
        : sql`and v.id = ${variation_id}::integer`
    }
`
