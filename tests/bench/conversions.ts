import type { Sql } from '../../src/lib/database/sql.ts'

/**
 * So many conversions of a history's first clicks in two currencies, counted as they would be. Needs a
 * superuser's connection.
 */
export async function writeConversions(sql: Sql, count: number): Promise<void> {
  await sql`set session_replication_role = replica`
  await sql`
    insert into promo_conversions (
      external_id, click_id, clicked_at, offer_id, variation_id, impression_id, amount, currency, status, occurred_at,
      reported_at, counted_on
    )
    select 'order-' || c.id, c.event_id, c.clicked_at, c.offer_id, c.variation_id, s.id, (1 + c.id % 5000) / 100.0,
      (array['EUR', 'EUR', 'USD'])[1 + c.id % 3], (array['approved', 'approved', 'pending', 'rejected'])[1 + c.id % 4],
      c.clicked_at + interval '1 hour', c.clicked_at + interval '1 day', (c.clicked_at at time zone 'UTC')::date
    from (select * from promo_click_tracking order by id limit ${count}::integer) c, lateral (
      select id from promo_impression_tracking i
      where i.variation_id = c.variation_id and i.tracked_at <= c.clicked_at
      order by i.tracked_at desc limit 1
    ) s
  `
  const sums = sql`
    count(*) filter (where status <> 'rejected'), count(*) filter (where status = 'pending'),
    count(*) filter (where status = 'rejected'), coalesce(sum(amount) filter (where status <> 'rejected'), 0),
    coalesce(sum(amount) filter (where status = 'pending'), 0),
    coalesce(sum(amount * amount) filter (where status <> 'rejected'), 0)
  `
  await sql`
    insert into promo_conversion_metrics (
      day, offer_id, variation_id, newsletter, currency, conversions, pending, rejected, revenue, pending_revenue,
      squares
    )
    select counted_on, offer_id, variation_id, newsletter, currency, ${sums} from promo_conversions group by 1, 2,
      3, 4, 5
  `
  await sql`
    insert into promo_monthly_conversions (
      month, offer_id, variation_id, newsletter, currency, conversions, pending, rejected, revenue, pending_revenue,
      squares
    )
    select date_trunc('month', day::timestamp)::date, offer_id, variation_id, newsletter, currency, sum(conversions),
      sum(pending), sum(rejected), sum(revenue), sum(pending_revenue), sum(squares)
    from promo_conversion_metrics group by 1, 2, 3, 4, 5
  `
  await sql`
    insert into promo_send_conversions (
      impression_id, currency, conversions, pending, rejected, revenue, pending_revenue, squares
    )
    select impression_id, currency, ${sums} from promo_conversions group by 1, 2
  `
  await sql`reset session_replication_role`
  await sql.unsafe(
    'vacuum analyze promo_conversions, promo_conversion_metrics, promo_monthly_conversions, promo_send_conversions',
  )
}
