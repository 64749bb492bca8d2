import type { Fragment, Sql } from '../database/sql.ts'
import type { SendsAndTexts } from '../model/send-evidence.ts'

/** A text that was sent, and its sends; `sent_at` is in milliseconds since 1970. */
export type SentText = SendsAndTexts['variations'][number] & {
  offer_name: string
  text_content: string
  sends: [id: number, newsletter_send_id: string, sent_at: number, recipients: number, newsletter: string][]
}

/** The clicks of a send in the hours after it; `hours` is where the span begins. */
export type SendSpan = [
  id: number,
  hours: number,
  clicks: number,
  human_clicks: number,
  clickers: number,
  crowd_clickers: number,
]

/** The clicks of a send at crowded addresses, see `Crowd`. */
export type CrowdOfSend = [
  id: number,
  addresses: number,
  visits: number,
  largest: number,
  human_clicks: number,
]

/** Weak signs on a send, see `Signs`. */
export type SignsOfSend = [id: number, uncertain: number, doubtful: number]

/** All sends of all offers but hidden ones as JSON, see `ReportPart`; `hidden` is a condition on texts `v`. */
export const evidenceOf = (sql: Sql, hidden: Fragment) => sql`
  format(
    '{"texts":%s,"spans":[%s],"crowds":%s,"signs":%s}',
    (
      select coalesce(json_agg(t order by t.variation_id), '[]')
      from (
        select v.id as variation_id, v.offer_id, o.name as offer_name, v.text_content, v.tone, v.length_category,
          v.cta_text,
          v.approved, s.sends
        from promo_text_variations v
        join promo_offers o on o.id = v.offer_id
        join (
          select i.variation_id, json_agg(
            json_build_array(
              i.id, i.newsletter_send_id, floor(extract(epoch from i.tracked_at) * 1000)::bigint, i.recipients,
              i.newsletter
            ) order by i.id
          ) as sends
          from promo_impression_tracking i
          where i.newsletter_send_id is not null
          group by 1
        ) s on s.variation_id = v.id
        where not ${hidden}
      ) t
    ),
    (
      -- The longest part by far: numbers are written as text in two thirds of the time that JSON takes.
      select string_agg(
        format('[%s,%s,%s,%s,%s,%s]', impression_id, hours, clicks, human_clicks, clickers, crowd_clickers), ','
      )
      from promo_send_metrics
    ),
    (
      select to_json(coalesce(array_agg(array[impression_id, addresses, visits, largest, human_clicks]), '{}'))
      from promo_crowd_metrics
    ),
    (
      select to_json(coalesce(array_agg(array[impression_id, uncertain, doubtful]), '{}'))
      from (
        select impression_id, sum(uncertain_clickers) as uncertain, sum(doubtful_clicks) as doubtful
        from promo_send_metrics where uncertain_clickers > 0 or doubtful_clicks > 0
        group by 1
      ) signs
    )
  )
`
