import type { Sql } from '../database/sql.ts'

/** The form in which a click is sent once its verdict is final: with nothing about its visitor. */
export type ClickNotice = {
  /** Seconds since 1970. */
  at: number
  offer_id: number
  offer: string
  slug: string | null
  variation_id: number
  text: string
  /** The send that it belongs to, and its newsletter. */
  send: string | null
  newsletter: string | null
}

/**
 * Puts the people's clicks of a common table expression `counted` into the outbox for Matomo, where `wanted`: a further
 * expression. Self-tests are left out.
 */
export const addToOutbox = (sql: Sql, wanted: boolean) =>
  wanted
    ? sql`, for_matomo as (
    insert into promo_outbox (target, body)
    select 'matomo', jsonb_build_object(
        'at', floor(extract(epoch from counted.clicked_at))::bigint,
        'offer_id', o.id, 'offer', o.name, 'slug', o.link_slug,
        'variation_id', v.id, 'text', left(v.text_content, 100),
        'send', (select i.newsletter_send_id from promo_impression_tracking i where i.id = counted.impression_id),
        'newsletter', nullif(counted.newsletter, '')
      )
    from counted
    join promo_text_variations v on v.id = counted.variation_id
    join promo_offers o on o.id = counted.offer_id and o.offer_type <> 'self_test'
    where counted.verdict = 'human'
    order by counted.clicked_at, counted.event_id
  )`
    : sql``
