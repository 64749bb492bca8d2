import { crowdedReason, crowdVisits } from '../classify/judge.ts'
import type { Sql } from '../database/sql.ts'

/**
 * Counts how often the addresses of a common table expression `counted` have visited a text in a send, which finds
 * those that many people share: further expressions. `crowds` are the crowded addresses of `counted`, by all their
 * visits so far; their earlier visits move with them, so that the time of detection makes no difference.
 * `earlier_crowd_clickers` are the clickers that move. An address with a single visit costs two look-ups and no row.
 */
export const findCrowds = (sql: Sql) => sql`
  address_visits as materialized (
    -- "limit" makes these index look-ups: joins may be planned to read all visitors.
    select visits.*, known.visits as noted, known.human_clicks as noted_human, (
        select 1 from promo_clickers c
        where c.address_hash = visits.address_hash and c.variation_id = visits.variation_id
          and c.impression_id = visits.impression_id
        limit 1
      ) as came
    from (
      select address_hash, variation_id, impression_id, count(*) as visits,
        count(*) filter (where verdict = 'human') as human_clicks, min(clicked_at) as clicked_at
      from counted
      where (verdict = 'human' or reason = ${crowdedReason}) and address_hash is not null and impression_id > 0
      group by 1, 2, 3
    ) visits
    left join lateral (
      select k.visits, k.human_clicks from promo_crowd_visits k
      where k.address_hash = visits.address_hash and k.impression_id = visits.impression_id
      limit 1
    ) known on true
  ), all_visits as materialized (
    select address_hash, impression_id, clicked_at, visits as new_visits, human_clicks as new_human_clicks,
      coalesce(noted, came, 0) as visits_before, coalesce(noted_human, came, 0) as human_before
    from address_visits
  ), addresses as materialized (
    select address_hash, clicked_at, further, coalesce((
        select known.further_visits from promo_crowds known where known.address_hash = seen.address_hash limit 1
      ), 0) as further_before
    from (
      select address_hash, min(clicked_at) as clicked_at, sum(new_visits - (visits_before = 0)::integer) as further
      from all_visits group by 1
    ) seen
  ), crowds as materialized (
    select address_hash, further_before >= ${crowdVisits}::integer as known
    from addresses where further_before + further >= ${crowdVisits}::integer
  ), earlier_crowd_clickers as materialized (
    select c.address_hash, c.impression_id, extract(epoch from c.first_clicked_at - sent.tracked_at) / 3600 as hours
    from crowds, lateral (
      select address_hash, impression_id, first_clicked_at from promo_clickers
      where address_hash = crowds.address_hash and impression_id > 0
      offset 0
    ) c, lateral (
      select tracked_at from promo_impression_tracking i where i.id = c.impression_id limit 1
    ) sent
    where not crowds.known
  ), crowd_parts as (
    select seen.impression_id, (visits_before = 0 or not known)::integer as addresses,
      new_visits + case when known then 0 else visits_before end as visits, new_visits + visits_before as largest,
      new_human_clicks + case when known then 0 else human_before end as human_clicks
    from all_visits seen join crowds using (address_hash)
    union all
    select before.impression_id, 1, coalesce(noted.visits, 1), coalesce(noted.visits, 1),
      coalesce(noted.human_clicks, 1)
    from (
      select address_hash, impression_id from earlier_crowd_clickers
      except
      select address_hash, impression_id from all_visits
    ) before
    left join lateral (
      select k.visits, k.human_clicks from promo_crowd_visits k
      where k.address_hash = before.address_hash and k.impression_id = before.impression_id
      limit 1
    ) noted on true
  ), crowds_kept as (
    insert into promo_crowds as crowd (address_hash, month, further_visits)
    select address_hash, date_trunc('month', clicked_at at time zone 'UTC')::date, further from addresses
    where further > 0
    order by address_hash
    on conflict (address_hash) do update set further_visits = crowd.further_visits + excluded.further_visits
  ), crowd_visits_kept as (
    insert into promo_crowd_visits (address_hash, month, impression_id, visits, human_clicks)
    select address_hash, date_trunc('month', clicked_at at time zone 'UTC')::date, impression_id,
      visits_before + new_visits, human_before + new_human_clicks
    from all_visits where visits_before + new_visits > 1
    order by address_hash, impression_id
    on conflict (address_hash, impression_id) do update set
      visits = excluded.visits,
      human_clicks = excluded.human_clicks
  ), crowds_added as (
    insert into promo_crowd_metrics as metrics (impression_id, addresses, visits, largest, human_clicks)
    select impression_id, sum(addresses), sum(visits), max(largest), sum(human_clicks)
    from crowd_parts group by 1 order by 1
    on conflict (impression_id) do update set
      addresses = metrics.addresses + excluded.addresses,
      visits = metrics.visits + excluded.visits,
      largest = greatest(metrics.largest, excluded.largest),
      human_clicks = metrics.human_clicks + excluded.human_clicks
  )
`
