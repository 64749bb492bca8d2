import type { Fragment, Sql } from './database.ts'

/**
 * Adds up a common table expression `counted` (`impression_id`, 0 for no send, and the `hours` since it) by send and span of
 * hours: a further expression. `sums` are what is added.
 */
export const addToSends = (
  sql: Sql,
  sums: { clicks: Fragment; human_clicks: Fragment; clickers: Fragment },
) => sql`
  sends as (
    insert into promo_send_metrics as metrics (impression_id, hours, clicks, human_clicks, clickers)
    select counted.impression_id, spans.hours, ${sums.clicks}, ${sums.human_clicks}, ${sums.clickers}
    from counted
    join lateral (
      select max(span.hours) as hours
      from (values (0), (1), (2), (3), (6), (12), (24), (48), (72), (168)) span (hours)
      where span.hours <= counted.hours
    ) spans on true
    where counted.impression_id > 0
    group by 1, 2
    order by 1, 2
    on conflict (impression_id, hours) do update set
      clicks = metrics.clicks + excluded.clicks,
      human_clicks = metrics.human_clicks + excluded.human_clicks,
      clickers = metrics.clickers + excluded.clickers
  )
`
