import type { Sql } from '../../src/lib/database/sql.ts'

/** Where the sums of conversions differ from what their rows say. Holds as long as no row was purged. */
export async function findConversionDrift(sql: Sql): Promise<unknown[]> {
  const drift = await sql`
    with rows as (
      select *, (status <> 'rejected')::integer as counts from promo_conversions where counted_on is not null
    ), days as (
      select concat_ws(' ', counted_on, coalesce(variation_id, 0), newsletter, currency) as key,
        row (sum(counts), count(*) filter (where status = 'pending'), count(*) filter (where status = 'rejected'),
          trim_scale(sum(counts * amount)), trim_scale(coalesce(sum(amount) filter (where status = 'pending'), 0)),
          trim_scale(sum(counts * amount * amount)))::text as told
      from rows group by counted_on, variation_id, newsletter, currency
    ), sends as (
      select concat_ws(' ', impression_id, currency) as key,
        row (sum(counts), count(*) filter (where status = 'pending'), count(*) filter (where status = 'rejected'),
          trim_scale(sum(counts * amount)), trim_scale(coalesce(sum(amount) filter (where status = 'pending'), 0)),
          trim_scale(sum(counts * amount * amount)))::text as told
      from rows where impression_id > 0 group by impression_id, currency
    ), summed as (
      select concat_ws(' ', day, coalesce(variation_id, 0), newsletter, currency) as key,
        row (conversions, pending, rejected, trim_scale(revenue), trim_scale(pending_revenue),
          trim_scale(squares))::text as told
      from promo_conversion_metrics
    ), summed_sends as (
      select concat_ws(' ', impression_id, currency) as key,
        row (conversions, pending, rejected, trim_scale(revenue), trim_scale(pending_revenue),
          trim_scale(squares))::text as told
      from promo_send_conversions
    ), months as (
      select concat_ws(' ', date_trunc('month', day::timestamp)::date, coalesce(variation_id, 0), newsletter,
        currency) as key,
        row (sum(conversions), sum(pending), sum(rejected), trim_scale(sum(revenue)), trim_scale(sum(pending_revenue)),
          trim_scale(sum(squares)))::text as told
      from promo_conversion_metrics group by date_trunc('month', day::timestamp)::date, variation_id, newsletter,
        currency
    ), summed_months as (
      select concat_ws(' ', month, coalesce(variation_id, 0), newsletter, currency) as key,
        row (conversions, pending, rejected, trim_scale(revenue), trim_scale(pending_revenue),
          trim_scale(squares))::text as told
      from promo_monthly_conversions
    ), compared as (
      select key, days.told as rows, summed.told as sums from days full join summed using (key)
      union all
      select key, sends.told, summed_sends.told from sends full join summed_sends using (key)
      union all
      select key, months.told, summed_months.told from months full join summed_months using (key)
    )
    -- Sums that nothing is left of stay, as zeros.
    select * from compared where coalesce(rows, '(0,0,0,0,0,0)') <> coalesce(sums, '(0,0,0,0,0,0)')
  `
  return [...drift]
}
