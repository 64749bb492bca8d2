import type { Sql } from '../../src/lib/store/database.ts'

/**
 * Two years of a daily newsletter with so many clicks, written by the database itself: 20 offers of 4 variations, a
 * send a day, its clicks 70/20/10 on the three days after it. Raw rows and the rollups that settling would leave.
 */
export async function writeHistory(sql: Sql, clicks: number, end: Date): Promise<void> {
  await sql`
    insert into promo_offers (id, name, link_slug)
    select o, 'Offer ' || o, 'offer-' || o from generate_series(1, 20) o
  `
  await sql`
    insert into promo_text_variations (id, offer_id, text_content, cta_text, tone, length_category, approved)
    select (o - 1) * 4 + v, o, 'A text of some length, number ' || v || ', for offer ' || o || ', to read and to click',
      (array['Go →', 'Start now', 'Read on', 'Try it'])[v], (array['exciting', 'friendly', 'calm', 'urgent'])[v],
      (array['short', 'medium', 'long', 'short'])[v], true
    from generate_series(1, 20) o, generate_series(1, 4) v
  `
  const perSend = Math.round(clicks / 730)
  await sql`
    insert into promo_impression_tracking (id, offer_id, variation_id, newsletter_send_id, recipients, tracked_at)
    select d, (d * 7) % 20 + 1, (d * 7) % 20 * 4 + (d * 13) % 4 + 1, 'send-' || d, ${perSend * 50}::integer,
      ${end}::timestamptz - interval '730 days' + d * interval '1 day'
    from generate_series(0, 729) d
  `
  // One session without triggers: foreign keys hold by construction, and ten million checks would take minutes.
  await sql.unsafe(`
    set session_replication_role = replica;
    do $$ declare i text; begin
      for i in select conname from pg_constraint where conrelid = 'promo_click_tracking'::regclass and contype in ('p', 'u') loop
        execute format('alter table promo_click_tracking drop constraint %I', i);
      end loop;
      for i in select indexrelid::regclass::text from pg_index where indrelid = 'promo_click_tracking'::regclass loop
        execute 'drop index ' || i;
      end loop;
    end $$;
    insert into promo_click_tracking (id, event_id, offer_id, variation_id, clicked_at, recorded_at, verdict, reason,
      device, browser, os, referrer, ip_hash)
    select c, gen_random_uuid(), i.offer_id, i.variation_id, t, t,
      case when c % 17 = 0 then 'machine' when c % 29 = 0 then 'duplicate' else 'human' end,
      case when c % 17 = 0 then 'prefetch' when c % 29 = 0 then 'repeated' else 'none' end,
      (array['phone', 'desktop', 'tablet'])[c % 3 + 1], (array['Safari', 'Chrome', 'Firefox', 'Edge'])[c % 4 + 1],
      (array['iOS', 'Android', 'Windows', 'macOS'])[c % 4 + 1], 'mail' || c % 8 || '.example', md5((c % 100000)::text)
    from promo_impression_tracking i,
      lateral (
        select c, i.tracked_at + (case when r < 0.7 then 0 when r < 0.9 then 24 else 48 end + 23 * (c % 97 / 97.0) ^ 3)
          * interval '1 hour' as t
        from (select c, (c * 7919 % 1000) / 1000.0 as r from generate_series(1, ${perSend}) c) s
      ) clicks
    where t < '${end.toISOString()}'::timestamptz;
    create index on promo_click_tracking (clicked_date);
    insert into promo_performance_metrics (hour, offer_id, variation_id, clicks, human_clicks, machine_clicks,
      duplicate_clicks, unique_clicks, clickers)
    select date_trunc('hour', clicked_at, 'UTC'), offer_id, variation_id, count(*),
      count(*) filter (where verdict = 'human'), count(*) filter (where verdict = 'machine'),
      count(*) filter (where verdict = 'duplicate'), count(*) filter (where verdict = 'human'),
      count(*) filter (where verdict = 'human')
    from promo_click_tracking group by 1, 2, 3;
    insert into promo_performance_metrics as m (hour, offer_id, variation_id, impressions, recipients)
    select date_trunc('hour', tracked_at, 'UTC'), offer_id, variation_id, 1, recipients from promo_impression_tracking
    on conflict (variation_id, hour) do update set impressions = 1, recipients = excluded.recipients;
    insert into promo_send_metrics (impression_id, hours, clicks, human_clicks, clickers)
    select i.id, s.hours, count(*), count(*) filter (where c.verdict = 'human'),
      count(*) filter (where c.verdict = 'human')
    from promo_impression_tracking i
    join promo_click_tracking c on c.variation_id = i.variation_id
      and c.clicked_at >= i.tracked_at and c.clicked_at < i.tracked_at + interval '72 hours'
    join lateral (
      select max(h) as hours from unnest(array[0, 1, 2, 3, 6, 12, 24, 48, 72, 168]) h
      where h <= extract(epoch from c.clicked_at - i.tracked_at) / 3600
    ) s on true
    group by 1, 2;
    insert into promo_click_breakdown (day, offer_id, variation_id, dimension, value, clicks, human_clicks)
    select clicked_date, offer_id, variation_id, dimension, value, count(*), count(*) filter (where verdict = 'human')
    from promo_click_tracking c,
      lateral (values ('device', device), ('browser', browser), ('os', os), ('referrer', referrer), ('reason', reason))
        known (dimension, value)
    group by 1, 2, 3, 4, 5;
    update promo_settlement set recorded_at = '${end.toISOString()}';
  `)
  await sql.unsafe('vacuum analyze')
}
