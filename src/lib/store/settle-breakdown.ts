import type { Sql } from '../database/sql.ts'
import { clickTraits } from '../model/click-traits.ts'

/**
 * The most hosts that are listed by name: per text and day, per day (a host counts for each text), and per month.
 * Clicks from other hosts are "(other)".
 */
export const namedHosts = { ofText: 100, ofDay: 300, ofMonth: 500 }

const traits = clickTraits.join(', ')
const traitValues = clickTraits.map((trait) => `('${trait}', coalesce(alike.${trait}, 'unknown'))`).join(', ')

/**
 * Adds the clicks of a common table expression `final` (`clicked_at`, `offer_id`, `variation_id`, `referrer`,
 * `final_verdict`, `final_reason` and the traits of clicks) to the breakdown: further expressions. Anybody who requests
 * a link can invent referrers, so those of machines and duplicates are left out, and those of people are limited.
 * Whether a host is named on a day does not depend on batches: names are never removed.
 */
export const addToBreakdown = (sql: Sql) => sql`
  alike as materialized (
    select (clicked_at at time zone 'UTC')::date as day, offer_id, variation_id,
      left(coalesce(referrer, 'none'), 100) as host, final_reason as reason, ${sql.unsafe(traits)}, count(*) as clicks,
      count(*) filter (where final_verdict = 'human') as human_clicks,
      count(*) filter (where final_verdict = 'machine') as machine_clicks
    from final group by 1, 2, 3, 4, 5, ${sql.unsafe(traits)}
  ), hosts as materialized (
    select day, offer_id, variation_id, host, sum(human_clicks) as clicks
    from alike where human_clicks > 0 group by 1, 2, 3, 4
  ), new_hosts as materialized (
    -- "limit" makes this an index look-up: a join may be planned to read the whole breakdown.
    select day, date_trunc('month', day::timestamp)::date as month, variation_id, host, clicks
    from hosts
    where host not in ('none', '(other)') and (
      select known.value from promo_click_breakdown known
      where known.variation_id = hosts.variation_id and known.day = hosts.day and known.dimension = 'referrer'
        and known.value = hosts.host
      limit 1
    ) is null
  ), new_in_month as materialized (
    select month, host, row_number() over (partition by month order by sum(clicks) desc, host) as place
    from new_hosts
    where (
      select known.value from promo_monthly_totals known
      where known.month = new_hosts.month and known.dimension = 'referrer' and known.value = new_hosts.host
      limit 1
    ) is null
    group by month, host
  ), months as materialized (
    select month, (
      select count(*) from (
        select from promo_monthly_totals known
        where known.month = new_months.month and known.dimension = 'referrer' and known.value not in ('none', '(other)')
        limit ${namedHosts.ofMonth}
      ) named
    ) as taken
    from (select distinct month from new_in_month) new_months
  ), beyond_month as materialized (
    select month, host from new_in_month join months using (month) where place + taken > ${namedHosts.ofMonth}
  ), placed_in_text as materialized (
    select day, variation_id, host, clicks,
      row_number() over (partition by variation_id, day order by clicks desc, host) as place
    from new_hosts where (month, host) not in (select month, host from beyond_month)
  ), texts as materialized (
    select day, variation_id, (
      select count(*) from (
        select from promo_click_breakdown known
        where known.variation_id = days.variation_id and known.day = days.day and known.dimension = 'referrer'
          and known.value not in ('none', '(other)')
        limit ${namedHosts.ofText}
      ) named
    ) as taken
    from (select distinct day, variation_id from placed_in_text) days
  ), placed_in_day as materialized (
    select day, variation_id, host,
      row_number() over (partition by day order by clicks desc, host, variation_id) as place
    from placed_in_text join texts using (day, variation_id) where place + taken <= ${namedHosts.ofText}
  ), days as materialized (
    select day, (
      select count(*) from (
        select from promo_click_breakdown known
        where known.day = new_days.day and known.dimension = 'referrer' and known.value not in ('none', '(other)')
        limit ${namedHosts.ofDay}
      ) named
    ) as taken
    from (select distinct day from placed_in_day) new_days
  ), nameless as materialized (
    select day, variation_id, host from new_hosts
    except
    select day, variation_id, host from placed_in_day join days using (day) where place + taken <= ${namedHosts.ofDay}
  ), breakdown as (
    insert into promo_click_breakdown as metrics (
      day, offer_id, variation_id, dimension, value, clicks, human_clicks, machine_clicks
    )
    select day, offer_id, variation_id, dimension, value, sum(clicks), sum(human_clicks), sum(machine_clicks)
    from (
      select alike.day, alike.offer_id, alike.variation_id, known.dimension, left(known.value, 100) as value,
        alike.clicks,
        alike.human_clicks, alike.machine_clicks
      from alike,
        lateral (
          values ${sql.unsafe(traitValues)}, ('reason', alike.reason)
        ) known (dimension, value)
      union all
      select day, hosts.offer_id, variation_id, 'referrer', case when nameless.day is null then host else '(other)' end,
        hosts.clicks, hosts.clicks, 0
      from hosts left join nameless using (day, variation_id, host)
    ) additions
    group by 1, 2, 3, 4, 5
    order by 3, 1, 4, 5
    on conflict (variation_id, day, dimension, value) do update set
      clicks = metrics.clicks + excluded.clicks,
      human_clicks = metrics.human_clicks + excluded.human_clicks,
      machine_clicks = metrics.machine_clicks + excluded.machine_clicks
  )
`
