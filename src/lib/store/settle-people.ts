import type { Sql } from '../database/sql.ts'
import { isUncertain } from './judgement.ts'

/**
 * Adds the people's clicks of a common table expression `counted` to the days on which each visitor clicked, and
 * changes the numbers of people accordingly: further expressions. A new day between two known ones moves a visitor from
 * one number to another, so each is counted once, in whatever order clicks are settled. Visitors who are not stored are
 * counted as their clicks say. Self-tests are left out. Clicks are also summed by newsletter.
 */
export const addPeople = (sql: Sql) => sql`
  by_people as materialized (
    select clicked_at, (clicked_at at time zone 'UTC')::date as day, ip_hash, offer_id, variation_id,
      coalesce(newsletter, '') as newsletter
    from counted
    where verdict = 'human' and (ip_hash is not null or newcomer is true)
      and offer_id <> all (array(select id from promo_offers where offer_type = 'self_test'))
  ), seen as materialized (
    select ip_hash, date_trunc('month', day::timestamp)::date as month, offer_id, variation_id, newsletter,
      bit_or(1 << (extract(day from day)::integer - 1)) as days, min(clicked_at) as first_at
    from by_people where ip_hash is not null group by 1, 2, 3, 4, 5
  ), seen_before as materialized (
    -- "offset" keeps this an index look-up per visitor.
    select known.* from (select distinct ip_hash, month from seen) visitors, lateral (
      select * from promo_visits v where v.ip_hash = visitors.ip_hash and v.month = visitors.month offset 0
    ) known
  ), visitors as materialized (
    select month, newsletter, offer_id, variation_id, bit_or(days_before) as days_before, bit_or(days) as days,
      min(first_at) as first_at
    from (
      select ip_hash, month, offer_id, variation_id, newsletter, days as days_before, days, null as first_at
      from seen_before
      union all
      select ip_hash, month, offer_id, variation_id, newsletter, 0, days, first_at from seen
    ) additions
    group by grouping sets (
      (ip_hash, month), (ip_hash, month, offer_id), (ip_hash, month, offer_id, variation_id),
      (ip_hash, month, newsletter),
      (ip_hash, month, newsletter, offer_id), (ip_hash, month, newsletter, offer_id, variation_id)
    )
    having bit_or(days_before) <> bit_or(days)
  ), by_newsletter as (
    insert into promo_newsletter_metrics as metrics (
      newsletter, hour, offer_id, variation_id, clicks, human_clicks, machine_clicks, duplicate_clicks,
      uncertain_clicks,
      unique_clicks
    )
    select newsletter, date_trunc('hour', at, 'UTC'), offer_id, variation_id, sum(clicks), sum(human_clicks),
      sum(machine_clicks), sum(duplicate_clicks), sum(uncertain_clicks), sum(unique_clicks)
    from (
      select newsletter, clicked_at as at, offer_id, variation_id, 1 as clicks,
        (verdict = 'human')::integer as human_clicks,
        (verdict = 'machine')::integer as machine_clicks, (verdict = 'duplicate')::integer as duplicate_clicks,
        ${isUncertain(sql, 'verdict', 'reason')}::integer as uncertain_clicks, 0 as unique_clicks
      from counted where newsletter <> ''
      union all
      select newsletter, first_at, offer_id, variation_id, 0, 0, 0, 0, 0, 1 from visitors
      where days_before = 0 and newsletter is not null and variation_id is not null
      union all
      select newsletter, clicked_at, offer_id, variation_id, 0, 0, 0, 0, 0, 1 from by_people where ip_hash is null
    ) additions
    group by 1, 2, 3, 4
    order by 4, 1, 2
    on conflict (variation_id, newsletter, hour) do update set
      clicks = metrics.clicks + excluded.clicks,
      human_clicks = metrics.human_clicks + excluded.human_clicks,
      machine_clicks = metrics.machine_clicks + excluded.machine_clicks,
      duplicate_clicks = metrics.duplicate_clicks + excluded.duplicate_clicks,
      uncertain_clicks = metrics.uncertain_clicks + excluded.uncertain_clicks,
      unique_clicks = metrics.unique_clicks + excluded.unique_clicks
  ), visits_kept as (
    insert into promo_visits as visits (ip_hash, month, offer_id, variation_id, newsletter, days)
    select ip_hash, month, offer_id, variation_id, newsletter, days from seen
    order by ip_hash, month, variation_id, newsletter
    on conflict (ip_hash, month, variation_id, newsletter) do update set days = visits.days | excluded.days
    where visits.days | excluded.days <> visits.days
  ), people_moved as materialized (
    -- Many were seen on the same days, which are scanned once.
    select month + place.day - 1 as day, place.earlier, newsletter, offer_id, variation_id,
      sum(side.sign * alike) as people
    from (
      select month, newsletter, offer_id, variation_id, days_before, days, count(*) as alike
      from visitors group by 1, 2, 3, 4, 5, 6
    ) moved, lateral (values (1, days), (-1, days_before)) side (sign, days), lateral (
      select day, lag(day, 1, 0) over (order by day) as earlier
      from generate_series(1, 31) day
      where side.days & (1 << (day - 1)) <> 0
    ) place
    group by 1, 2, 3, 4, 5
    having sum(side.sign * alike) <> 0
  ), people as (
    insert into promo_people as metrics (day, earlier, newsletter, offer_id, variation_id, people, visits, unkept)
    select day, earlier, newsletter, offer_id, variation_id, sum(people), sum(visits), sum(unkept)
    from (
      select day, earlier, newsletter, offer_id, variation_id, people, 0 as visits, 0 as unkept from people_moved
      union all
      select day, 0, newsletter, offer_id, variation_id, 0, sum(people), 0 from people_moved
      where variation_id is not null
      group by grouping sets ((day, newsletter), (day, newsletter, offer_id), (day, newsletter, offer_id, variation_id))
      union all
      select day, 0, newsletter, offer_id, variation_id, 0, 0, count(*) from by_people
      where ip_hash is null
      group by grouping sets (
        (day), (day, offer_id), (day, offer_id, variation_id), (day, newsletter), (day, newsletter, offer_id),
        (day, newsletter, offer_id, variation_id)
      )
    ) additions
    group by 1, 2, 3, 4, 5
    order by 3, 2, 1, 4, 5
    on conflict (newsletter, earlier, day, offer_id, variation_id) do update set
      people = metrics.people + excluded.people,
      visits = metrics.visits + excluded.visits,
      unkept = metrics.unkept + excluded.unkept
  )
`
