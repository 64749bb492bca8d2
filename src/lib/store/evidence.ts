import type { PastSend } from '../selection/arm.ts'
import type { Sql } from './database.ts'

/**
 * All sends of all offers in the order of their time, with their human clickers so far, but for the one named `except`.
 * Self-tests and impressions without a send are no evidence.
 */
export const listSends = (sql: Sql, except: string | undefined) => sql<PastSend[]>`
  select i.offer_id, i.variation_id, i.newsletter_send_id, i.newsletter, i.recipients,
    (extract(epoch from i.tracked_at) * 1000)::double precision as sent_at,
    coalesce(m.clickers, 0) as clickers, coalesce(m.clickers_1, 0) as clickers_1,
    coalesce(m.clickers_2, 0) as clickers_2, coalesce(m.clickers_3, 0) as clickers_3
  from promo_impression_tracking i
  join promo_offers o on o.id = i.offer_id
  left join (
    select impression_id, sum(known) as clickers, sum(known) filter (where hours < 24) as clickers_1,
      sum(known) filter (where hours < 48) as clickers_2, sum(known) filter (where hours < 72) as clickers_3
    from (select impression_id, hours, clickers::double precision as known from promo_send_metrics) m
    group by impression_id
  ) m on m.impression_id = i.id
  where o.offer_type <> 'self_test' and i.newsletter_send_id <> ${except ?? ''}
  order by i.tracked_at, i.id
`
