import type { Fragment, Sql } from '../database/sql.ts'

const sums = [
  'clicks',
  'human_clicks',
  'clickers',
  'crowd_clickers',
  'uncertain_clickers',
  'doubtful_clicks',
] as const

/**
 * Adds up a common table expression (`impression_id`, 0 for no send, the `hours` since it, and each of `sums`)
 * by send and span of hours: a further expression.
 */
export const addToSends = (sql: Sql, source: string) => {
  const list = (write: (name: string) => Fragment) =>
    sums.map(write).reduce((all, one) => sql`${all}, ${one}`)
  return sql`
    sends as (
      insert into promo_send_metrics as metrics (impression_id, hours, ${list((name) => sql`${sql(name)}`)})
      select source.impression_id, spans.hours, ${list((name) => sql`sum(source.${sql(name)})`)}
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
        ${list((name) => sql`${sql(name)} = metrics.${sql(name)} + excluded.${sql(name)}`)}
    )
  `
}
