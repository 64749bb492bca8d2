import type { Fragment, Sql } from '../database/sql.ts'

/** The columns that both rollups add up. */
type Sum =
  | 'impressions'
  | 'recipients'
  | 'clicks'
  | 'human_clicks'
  | 'machine_clicks'
  | 'duplicate_clicks'
  | 'uncertain_clicks'
  | 'unique_clicks'

/**
 * Adds a common table expression `sums` (`hour`, `offer_id`, `variation_id` and these columns, all of which may
 * be negative) to the rollups by hour and by day: further expressions. In a fixed order, because unsorted sums
 * from several connections deadlock.
 */
export const addToRollups = (sql: Sql, columns: readonly Sum[]): Fragment => {
  const names = sql.unsafe(columns.join(', '))
  const added = sql.unsafe(columns.map((column) => `sum(${column})`).join(', '))
  const grown = sql.unsafe(
    columns.map((column) => `${column} = metrics.${column} + excluded.${column}`).join(', '),
  )
  return sql`
    rollup as (
      insert into promo_performance_metrics as metrics (hour, offer_id, variation_id, ${names})
      select hour, offer_id, variation_id, ${added} from sums group by 1, 2, 3 order by 3, 1
      on conflict (variation_id, hour) do update set ${grown}
    ), daily as (
      insert into promo_daily_metrics as metrics (day, offer_id, variation_id, ${names})
      select (hour at time zone 'UTC')::date, offer_id, variation_id, ${added} from sums group by 1, 2, 3 order by 3, 1
      on conflict (variation_id, day) do update set ${grown}
    )
  `
}

/**
 * Adds the column `sum` of `sums` to the counters of variations and offers, also in a fixed order, under locks that
 * allow others to refer to these rows.
 */
export const addToCounters = (sql: Sql, counted: 'recipients' | 'clicks'): Fragment => {
  const sum = sql.unsafe(counted)
  const [ofVariation, ofOffer] =
    counted === 'clicks' ? [sql`clicks`, sql`total_clicks`] : [sql`impressions`, sql`total_impressions`]
  return sql`
    counted_variations as (
      update promo_text_variations variations
      set ${ofVariation} = variations.${ofVariation} + added.sum
      from (
        select locked.id, grown.sum
        from promo_text_variations locked
        join (select variation_id, sum(${sum}) as sum from sums group by variation_id) grown
          on grown.variation_id = locked.id
        order by locked.id
        for no key update of locked
      ) added
      where variations.id = added.id
    ), counted_offers as (
      update promo_offers offers
      set ${ofOffer} = offers.${ofOffer} + added.sum
      from (
        select locked.id, grown.sum
        from promo_offers locked
        join (select offer_id, sum(${sum}) as sum from sums group by offer_id) grown on grown.offer_id = locked.id
        order by locked.id
        for no key update of locked
      ) added
      where offers.id = added.id
    )
  `
}
