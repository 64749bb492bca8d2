import type { Sql } from '../database/sql.ts'

const columns = ['conversions', 'pending', 'rejected', 'revenue', 'pending_revenue', 'squares'] as const

/**
 * Adds a common table expression `moved` to the sums by day and by send: further expressions. Each row is a conversion
 * as it is now (`sign` 1) or was before (-1): `day`, `offer_id` and `variation_id` (null for none), `newsletter`,
 * `impression_id` (0 for none), `currency`, `status`, `amount`. In a fixed order, because unsorted sums from several
 * connections deadlock.
 */
export const addConversions = (sql: Sql) => {
  const names = sql.unsafe(columns.join(', '))
  const sums = sql.unsafe(columns.map((column) => `sum(${column})`).join(', '))
  const grown = sql.unsafe(
    columns.map((column) => `${column} = metrics.${column} + excluded.${column}`).join(', '),
  )
  return sql`
    differences as (
      select day, offer_id, variation_id, newsletter, impression_id, currency,
        coalesce(sum(sign) filter (where status <> 'rejected'), 0) as conversions,
        coalesce(sum(sign) filter (where status = 'pending'), 0) as pending,
        coalesce(sum(sign) filter (where status = 'rejected'), 0) as rejected,
        coalesce(sum(sign * amount) filter (where status <> 'rejected'), 0) as revenue,
        coalesce(sum(sign * amount) filter (where status = 'pending'), 0) as pending_revenue,
        coalesce(sum(sign * amount * amount) filter (where status <> 'rejected'), 0) as squares
      from moved
      group by 1, 2, 3, 4, 5, 6
    ), by_day as (
      insert into promo_conversion_metrics as metrics (day, offer_id, variation_id, newsletter, currency, ${names})
      select day, offer_id, variation_id, newsletter, currency, ${sums}
      from differences
      group by 1, 2, 3, 4, 5
      order by variation_id, day, newsletter, currency
      on conflict (variation_id, day, newsletter, currency) do update set ${grown}
    ), by_send as (
      insert into promo_send_conversions as metrics (impression_id, currency, ${names})
      select impression_id, currency, ${sums}
      from differences
      where impression_id > 0
      group by 1, 2
      order by 1, 2
      on conflict (impression_id, currency) do update set ${grown}
    )
  `
}
