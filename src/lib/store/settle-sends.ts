import type { Sql } from './database.ts'

/**
 * Adds up a common table expression (`impression_id`, 0 for no send, the `hours` since it, `clicks`, `human_clicks`, `clickers`,
 * `crowd_clickers`) by send and span of hours: a further expression.
 */
export const addToSends = (sql: Sql, source: string) => sql`
  sends as (
    insert into promo_send_metrics as metrics (impression_id, hours, clicks, human_clicks, clickers, crowd_clickers)
    select source.impression_id, spans.hours, sum(source.clicks), sum(source.human_clicks), sum(source.clickers),
      sum(source.crowd_clickers)
    from ${sql(source)} source
    join lateral (
      select max(span.hours) as hours
      from (values (0), (1), (2), (3), (6), (12), (24), (48), (72), (168)) span (hours)
      where span.hours <= source.hours
    ) spans on true
    where source.impression_id > 0
    group by 1, 2
    order by 1, 2
    on conflict (impression_id, hours) do update set
      clicks = metrics.clicks + excluded.clicks,
      human_clicks = metrics.human_clicks + excluded.human_clicks,
      clickers = metrics.clickers + excluded.clickers,
      crowd_clickers = metrics.crowd_clickers + excluded.crowd_clickers
  )
`
