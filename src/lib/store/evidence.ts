import { arrayLiteral } from '../database/array-literal.ts'
import type { Fragment, Sql } from '../database/sql.ts'
import { marks } from '../stats/arrival.ts'
import type { PastSend } from '../stats/past-send.ts'

const none = arrayLiteral(marks, () => 0)

/** Clickers by each mark. */
const byMarks = (sql: Sql, known: string): Fragment =>
  marks
    .map((mark) => sql`coalesce(sum(${sql(known)}) filter (where hours < ${mark}), 0)`)
    .reduce((all, one) => sql`${all}, ${one}`)

/**
 * All sends of all offers by time, with their human clickers so far, except the send `except`. Self-tests and
 * impressions without a send are not evidence.
 */
export const listSends = (sql: Sql, except: string | undefined) => sql<PastSend[]>`
  select i.offer_id, i.variation_id, i.newsletter_send_id, i.newsletter, i.recipients,
    (extract(epoch from i.tracked_at) * 1000)::double precision as sent_at,
    coalesce(m.clickers, 0) as clickers,
    -- The driver parses JSON, but not arrays.
    to_json(coalesce(m.clickers_by, ${none}::double precision[])) as clickers_by,
    crowds.crowd, m.signs
  from promo_impression_tracking i
  join promo_offers o on o.id = i.offer_id
  left join (
    select impression_id, sum(known) as clickers, array[${byMarks(sql, 'known')}] as clickers_by,
      case when sum(uncertain_clickers + doubtful_clicks) > 0
        then json_build_object('uncertain', sum(uncertain_clickers), 'doubtful', sum(doubtful_clicks)) end as signs
    from (
      select impression_id, hours, clickers::double precision as known, uncertain_clickers, doubtful_clicks
      from promo_send_metrics
    ) m
    group by impression_id
  ) m on m.impression_id = i.id
  left join (
    select c.impression_id, json_build_object(
        'addresses', c.addresses, 'visits', c.visits, 'largest', c.largest, 'clickers', sum(s.crowd_clickers),
        'other_clicks', greatest(0, sum(s.human_clicks) - c.human_clicks),
        'clickers_by', array[${byMarks(sql, 'crowd_clickers')}]
      ) as crowd
    from promo_crowd_metrics c join promo_send_metrics s on s.impression_id = c.impression_id
    group by c.impression_id
  ) crowds on crowds.impression_id = i.id
  where o.offer_type <> 'self_test' and i.newsletter_send_id <> ${except ?? ''}
  order by i.tracked_at, i.id
`
