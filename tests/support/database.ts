import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'
import { migrate } from '../../src/lib/database/migrate.ts'
import type { Sql } from '../../src/lib/database/sql.ts'
import { databaseUrl } from './global-setup.ts'

export type TestDatabase = { url: string; sql: postgres.Sql; drop: () => Promise<void> }

/**
 * A database of its own: `empty` without this project's tables, otherwise with them. In a `turkish` one
 * `lower('INFO')` is no `'info'`, and text is in the order of that language.
 */
export async function createTestDatabase(
  options: { empty?: boolean; turkish?: boolean } = {},
): Promise<TestDatabase> {
  const serverUrl = inject('serverUrl')
  const name = `promo_test_${randomUUID().replaceAll('-', '').slice(0, 12)}`
  const admin = postgres(serverUrl, { max: 1, onnotice: () => {} })
  if (options.turkish) {
    await admin`
      create database ${admin(name)} template template0 encoding 'UTF8'
      locale_provider icu icu_locale 'tr-TR' locale 'C'
    `
  } else {
    const template = options.empty ? 'template1' : inject('templateName')
    // A third of the time that writing it to the log would take.
    await admin`create database ${admin(name)} template ${admin(template)} strategy file_copy`
  }
  const url = databaseUrl(serverUrl, name)
  // Planning a statement that settles takes longer than running it on the rows of a test.
  const connection = { plan_cache_mode: 'force_generic_plan' }
  const sql = postgres(url, { max: 4, onnotice: () => {}, connection })
  if (options.turkish && !options.empty) await migrate(sql)
  return {
    url,
    sql,
    async drop() {
      await sql.end({ timeout: 1 })
      await admin`drop database if exists ${admin(name)} with (force)`
      await admin.end()
    },
  }
}

/**
 * Takes back all that a test has recorded and settled, for the next one in the same database: the rows of these
 * tables and of those that refer to them, without the triggers that keep sums. Truncating takes twenty times as
 * long, since each table and index gets a new file.
 */
export async function emptyDatabase(sql: Sql): Promise<void> {
  await sql`
    do $$
    declare
      reached regclass;
    begin
      set local session_replication_role = replica;
      for reached in
        with recursive reached as (
          select unnest(
            '{promo_offers, affiliate_links, promo_event_keys, promo_clickers, promo_crowds, promo_crowd_visits,
              promo_hourly_totals, promo_monthly_totals}'::regclass[]
          ) as name
          union
          select conrelid from pg_constraint join reached on confrelid = name where contype = 'f'
        )
        select name from reached join pg_class on oid = name where not relispartition
      loop
        execute format('delete from %s', reached);
      end loop;
    end $$
  `
  await sql`
    update promo_settlement
    set click_id = 0, recorded_at = '-infinity', event_id = '00000000-0000-0000-0000-000000000000'
    where click_id > 0
  `
}

/** Offers with links and variations: the first offer has `/nocodemba` and variations 42 to 44. */
export async function insertPromos(sql: Sql): Promise<void> {
  await sql`
    insert into affiliate_links (slug, destination_url, active, utm, pass_parameters) values
      ('nocodemba', 'https://merchant.example/course?ref=daily', true, '{"utm_source": "dailybrief"}', false),
      ('quietdesk', 'https://desk.example/#top', true, '{}', true),
      ('gone', 'https://gone.example/', false, '{}', false),
      ('search', 'https://merchant.example/s?q=caf%E9&12345&sig=a:/,;''()*%2f&id=!!!id!!!#a%20b', true,
        '{"utm_source": "x y"}', true)
  `
  await sql`
    insert into promo_offers (id, name, offer_type, link_slug, weight, active) values
      (4, 'No Code MBA', 'affiliate', 'nocodemba', 1, true),
      (5, 'Quiet Desk', 'affiliate', 'quietdesk', 3, true),
      (6, 'Adopted', 'affiliate', null, 1, true)
  `
  await sql`
    insert into promo_text_variations (id, offer_id, text_content, cta_text, tone, length_category, approved) values
      (42, 4, 'Build your dream startup this weekend', 'Build Now →', 'exciting', 'short', true),
      (43, 4, 'Want to build apps without code?', 'Start Learning →', 'professional', 'medium', true),
      (44, 4, 'Turn your business ideas into reality', 'Get Started →', 'friendly', 'long', false),
      (50, 5, 'A desk that keeps quiet', null, null, null, true),
      (60, 6, 'From an earlier system', null, null, null, true)
  `
  await sql`select setval('promo_offers_id_seq', 100), setval('promo_text_variations_id_seq', 1000)`
}

/**
 * What every test that records ends with: rows, counters and rollups agree, and the sums of settling are those
 * of the settled clicks. Holds as long as no details were removed, and sends were reported before their clicks
 * were settled.
 */
export async function findDrift(sql: Sql): Promise<unknown[]> {
  const drift = await sql`
    with raw as (
      select variation_id, clicked_at, verdict, reason from promo_click_tracking
      union all
      select variation_id, clicked_at, 'machine', reason from promo_surplus_clicks, generate_series(1, clicks)
    ), verdicts as (
      select variation_id, date_trunc('hour', clicked_at, 'UTC') as hour, count(*) as clicks,
        count(*) filter (where verdict = 'human') as human,
        count(*) filter (where verdict = 'machine') as machine,
        count(*) filter (where verdict = 'duplicate') as duplicate,
        count(*) filter (where verdict = 'human' and reason in
          ('no_user_agent', 'stale_user_agent', 'signed_agent', 'seen_network', 'soon_after_send', 'many_links',
            'many_addresses', 'only_agent', 'beside_person')) as uncertain
      from raw group by 1, 2
    ), impressions as (
      select variation_id, date_trunc('hour', tracked_at, 'UTC') as hour,
        count(*) filter (where recipients > 0) as impressions,
        sum(recipients) as recipients
      from promo_impression_tracking group by 1, 2
    ), hours as (
      select 'hour' as at, concat_ws(' ', variation_id, hour) as key,
        row (coalesce(c.clicks, 0), coalesce(c.human, 0), coalesce(c.machine, 0), coalesce(c.duplicate, 0),
          coalesce(c.uncertain, 0), coalesce(i.impressions, 0), coalesce(i.recipients, 0))::text as rows,
        row (m.clicks, m.human_clicks, m.machine_clicks, m.duplicate_clicks, m.uncertain_clicks, m.impressions,
          m.recipients)::text as sums
      from verdicts c
      full join impressions i using (variation_id, hour)
      full join promo_performance_metrics m using (variation_id, hour)
    ), days as (
      select 'day', concat_ws(' ', variation_id, day),
        row (h.clicks, h.human, h.machine, h.duplicate, h.uncertain, h.visitors, h.impressions, h.recipients)::text,
        row (d.clicks, d.human_clicks, d.machine_clicks, d.duplicate_clicks, d.uncertain_clicks, d.unique_clicks,
          d.impressions, d.recipients)::text
      from (
        select variation_id, (hour at time zone 'UTC')::date as day, sum(clicks) as clicks, sum(human_clicks) as human,
          sum(machine_clicks) as machine, sum(duplicate_clicks) as duplicate, sum(uncertain_clicks) as uncertain,
          sum(unique_clicks) as visitors, sum(impressions) as impressions, sum(recipients) as recipients
        from promo_performance_metrics group by 1, 2
      ) h
      full join promo_daily_metrics d using (variation_id, day)
    ), variations as (
      select 'variation', v.id::text,
        row (coalesce((select sum(recipients) from impressions i where i.variation_id = v.id), 0),
          coalesce((select sum(clicks) from verdicts c where c.variation_id = v.id), 0))::text,
        row (v.impressions, v.clicks)::text
      from promo_text_variations v
    ), offers as (
      select 'offer', o.id::text, row (coalesce(sum(v.impressions), 0), coalesce(sum(v.clicks), 0))::text,
        row (o.total_impressions, o.total_clicks)::text
      from promo_offers o
      left join promo_text_variations v on v.offer_id = o.id
      group by o.id
    ), settled as materialized (
      select c.*, (select i.newsletter from promo_impression_tracking i where i.id = c.impression_id) as newsletter
      from (
      select c.variation_id, date_trunc('hour', c.clicked_at, 'UTC') as hour,
        (c.clicked_at at time zone 'UTC')::date as day, c.ip_hash, c.newcomer, c.verdict, c.device, c.browser,
        c.os, c.referrer, c.reason, (

          select i.id from promo_impression_tracking i
          where i.variation_id = c.variation_id and i.newsletter_send_id is not null and i.tracked_at <= c.clicked_at
          order by i.tracked_at desc, i.id desc limit 1
        ) as impression_id
      from (
        select c.variation_id, c.clicked_at, c.ip_hash, c.newcomer, c.verdict, c.device, c.browser, c.os,
          c.referrer, c.reason
        from promo_click_tracking c, promo_settlement s
        where c.id <= s.click_id
        union all
        select variation_id, clicked_at, null, null, 'machine', null, null, null, null, reason
        from promo_surplus_clicks, generate_series(1, settled_clicks)
      ) c
      ) c
    ), newsletters as (
      select 'newsletter', concat_ws(' ', variation_id, newsletter, hour),
        row (told.clicks, told.human, told.machine)::text,
        row (m.clicks, m.human_clicks, m.machine_clicks)::text
      from (
        select variation_id, newsletter, hour, count(*) as clicks, count(*) filter (where verdict = 'human') as human,
          count(*) filter (where verdict = 'machine') as machine
        from settled where newsletter <> '' group by 1, 2, 3
      ) told
      full join (select * from promo_newsletter_metrics where newsletter <> '') m using (variation_id, newsletter, hour)
    ), people_days as (
      select s.ip_hash, date_trunc('month', s.day::timestamp)::date as month, s.day, v.offer_id, s.variation_id,
        coalesce(s.newsletter, '') as newsletter
      from settled s
      join promo_text_variations v on v.id = s.variation_id
      join promo_offers o on o.id = v.offer_id and o.offer_type <> 'self_test'
      where s.verdict = 'human' and s.ip_hash is not null
    ), people as (
      select 'people', concat_ws(' ', coalesce(m.newsletter, told.newsletter, '(all)'),
        coalesce(m.offer_id, told.offer_id),
          coalesce(m.variation_id, told.variation_id), coalesce(m.day, told.day), coalesce(m.earlier, told.earlier)),
        coalesce(told.people, 0)::text, coalesce(m.people, 0)::text
      from (
        select day, earlier, newsletter, offer_id, variation_id, count(*) as people
        from (
          select ip_hash, day, newsletter, offer_id, variation_id, coalesce(extract(day from lag(day) over (
              partition by ip_hash, month, newsletter, offer_id, variation_id, level order by day
            )), 0)::smallint as earlier
          from (
            select ip_hash, month, day, newsletter, offer_id, variation_id,
              grouping(newsletter, offer_id, variation_id) as level
            from people_days
            group by ip_hash, month, day, grouping sets (
              (), (offer_id), (offer_id, variation_id), (newsletter), (newsletter, offer_id),
              (newsletter, offer_id, variation_id)
            )
          ) days
        ) pairs
        group by 1, 2, 3, 4, 5
      ) told
      full join promo_people m on (m.day, m.earlier) = (told.day, told.earlier)
        and coalesce(m.newsletter, '(all)') = coalesce(told.newsletter, '(all)')
        and coalesce(m.offer_id, 0) = coalesce(told.offer_id, 0)
        and coalesce(m.variation_id, 0) = coalesce(told.variation_id, 0)
    ), visitors as (
      select 'visitors', variation_id::text, coalesce(told.visitors, 0)::text, coalesce(m.visitors, 0)::text
      from (
        select variation_id, count(distinct ip_hash) + count(*) filter (where ip_hash is null and newcomer) as visitors
        from settled where verdict = 'human' group by 1
      ) told
      full join (
        select variation_id, sum(unique_clicks) as visitors from promo_performance_metrics group by 1
      ) m using (variation_id)
    ), sends as (
      select 'send', impression_id::text, row (told.clicks, told.human, told.visitors)::text,
        row (m.clicks, m.human, m.visitors)::text
      from (
        select impression_id, count(*) as clicks, count(*) filter (where verdict = 'human') as human,
          count(distinct ip_hash) filter (where verdict = 'human')
            + count(*) filter (where verdict = 'human' and ip_hash is null and newcomer is not false) as visitors
        from settled where impression_id is not null group by 1
      ) told
      full join (
        select impression_id, sum(clicks) as clicks, sum(human_clicks) as human, sum(clickers) as visitors
        from promo_send_metrics group by 1
      ) m using (impression_id)
    ), breakdown as (
      select 'breakdown', concat_ws(' ', variation_id, day, dimension, value),
        row (told.clicks, told.human, told.machine)::text, row (m.clicks, m.human_clicks, m.machine_clicks)::text
      from (
        select variation_id, day, dimension, left(value, 100) as value, count(*) as clicks,
          count(*) filter (where verdict = 'human') as human, count(*) filter (where verdict = 'machine') as machine
        from settled, lateral (
          values ('device', coalesce(device, 'unknown')), ('browser', coalesce(browser, 'unknown')),
            ('os', coalesce(os, 'unknown')), ('reason', reason)
        ) known (dimension, value)
        group by 1, 2, 3, 4
        union all
        -- A host that has no row of its own is one of the others.
        select s.variation_id, s.day, 'referrer', coalesce(m.value, '(other)'), count(*), count(*), 0
        from settled s
        left join promo_click_breakdown m on m.variation_id = s.variation_id and m.day = s.day
          and m.dimension = 'referrer' and m.value = left(coalesce(s.referrer, 'none'), 100)
        where s.verdict = 'human'
        group by 1, 2, 3, 4
      ) told
      full join promo_click_breakdown m using (variation_id, day, dimension, value)
    ), months as (
      select 'months', concat_ws(' ', variation_id, month, dimension, value),
        row (told.clicks, told.human, told.machine)::text, row (m.clicks, m.human_clicks, m.machine_clicks)::text
      from (
        select variation_id, date_trunc('month', day::timestamp)::date as month, dimension, value,
          sum(clicks)::bigint as clicks,
          sum(human_clicks)::bigint as human, sum(machine_clicks)::bigint as machine
        from promo_click_breakdown
        group by 1, 2, 3, 4
      ) told
      full join promo_monthly_breakdown m using (variation_id, month, dimension, value)
    ), hourly_totals as (
      -- A total that nothing is left of may stay, as zeros.
      select 'hourly totals', hour::text, row (coalesce(told.clicks, 0), coalesce(told.human, 0))::text,
        row (coalesce(m.clicks, 0), coalesce(m.human_clicks, 0))::text
      from (
        select hour, sum(clicks)::bigint as clicks, sum(human_clicks)::bigint as human
        from promo_performance_metrics group by 1
      ) told
      full join promo_hourly_totals m using (hour)
    ), monthly_totals as (
      select 'monthly totals', concat_ws(' ', month, dimension, value),
        row (coalesce(told.clicks, 0), coalesce(told.human, 0), coalesce(told.machine, 0))::text,
        row (coalesce(m.clicks, 0), coalesce(m.human_clicks, 0), coalesce(m.machine_clicks, 0))::text
      from (
        select month, dimension, value, sum(clicks)::bigint as clicks, sum(human_clicks)::bigint as human,
          sum(machine_clicks)::bigint as machine
        from promo_monthly_breakdown group by 1, 2, 3
      ) told
      full join promo_monthly_totals m using (month, dimension, value)
    )
    select * from (
      select * from hours union all select * from days union all select * from variations
      union all select * from offers union all select * from visitors union all select * from sends
      union all select * from breakdown union all select * from months union all select * from hourly_totals
      union all select * from monthly_totals union all select * from newsletters union all select * from people
    ) compared
    where rows is distinct from sums
  `
  return [...drift]
}
