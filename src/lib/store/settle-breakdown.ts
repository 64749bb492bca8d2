import type { Sql } from './database.ts'

/** So many hosts of a text and day are told apart by their names; people who came from others are "(other)". */
export const namedHosts = 100

/**
 * Adds the clicks of a common table expression `final` (`clicked_at`, `offer_id`, `variation_id`, `device`, `browser`, `os`,
 * `referrer`, `final_verdict`, `final_reason`) to the breakdown: further expressions. Whoever asks for a link can make up
 * referrers, so those of machines and repeats are left out, and those of people are bounded. A host is named on a day or
 * is not, however its clicks are cut into batches: places are only ever taken.
 */
export const addToBreakdown = (sql: Sql) => sql`
  alike as materialized (
    select (clicked_at at time zone 'UTC')::date as day, offer_id, variation_id, device, browser, os,
      left(coalesce(referrer, 'none'), 100) as host, final_reason as reason, count(*) as clicks,
      count(*) filter (where final_verdict = 'human') as human_clicks,
      count(*) filter (where final_verdict = 'machine') as machine_clicks
    from final group by 1, 2, 3, 4, 5, 6, 7, 8
  ), hosts as materialized (
    select day, offer_id, variation_id, host, sum(human_clicks) as clicks
    from alike where human_clicks > 0 group by 1, 2, 3, 4
  ), new_hosts as materialized (
    -- "limit" makes this a look-up in the index: a join may be planned to read the whole breakdown.
    select day, variation_id, host,
      row_number() over (partition by variation_id, day order by clicks desc, host) as place
    from hosts
    where host not in ('none', '(other)') and (
      select known.value from promo_click_breakdown known
      where known.variation_id = hosts.variation_id and known.day = hosts.day and known.dimension = 'referrer'
        and known.value = hosts.host
      limit 1
    ) is null
  ), taken as materialized (
    select day, variation_id, (
      select count(*) from (
        select from promo_click_breakdown known
        where known.variation_id = days.variation_id and known.day = days.day and known.dimension = 'referrer'
          and known.value not in ('none', '(other)')
        limit ${namedHosts}
      ) named
    ) as places
    from (select distinct day, variation_id from new_hosts) days
  ), nameless as materialized (
    select new_hosts.day, new_hosts.variation_id, new_hosts.host
    from new_hosts join taken using (day, variation_id)
    where new_hosts.place + taken.places > ${namedHosts}
  ), breakdown as (
    insert into promo_click_breakdown as metrics (
      day, offer_id, variation_id, dimension, value, clicks, human_clicks, machine_clicks
    )
    select day, offer_id, variation_id, dimension, value, sum(clicks), sum(human_clicks), sum(machine_clicks)
    from (
      select alike.day, alike.offer_id, alike.variation_id, known.dimension, left(known.value, 100) as value, alike.clicks,
        alike.human_clicks, alike.machine_clicks
      from alike,
        lateral (
          values ('device', coalesce(alike.device, 'unknown')), ('browser', coalesce(alike.browser, 'unknown')),
            ('os', coalesce(alike.os, 'unknown')), ('reason', alike.reason)
        ) known (dimension, value)
      union all
      select day, hosts.offer_id, variation_id, 'referrer', case when nameless.day is null then host else '(other)' end,
        hosts.clicks, hosts.clicks, 0
      from hosts left join nameless using (day, variation_id, host)
    ) told
    group by 1, 2, 3, 4, 5
    order by 3, 1, 4, 5
    on conflict (variation_id, day, dimension, value) do update set
      clicks = metrics.clicks + excluded.clicks,
      human_clicks = metrics.human_clicks + excluded.human_clicks,
      machine_clicks = metrics.machine_clicks + excluded.machine_clicks
  )
`
