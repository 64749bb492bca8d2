import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'
import type { Sql } from '../../src/lib/store/database.ts'
import { databaseUrl } from './global-setup.ts'

export type TestDatabase = { url: string; sql: Sql; drop: () => Promise<void> }

/** A database of its own: `template1` is empty, the default has this project's tables. */
export async function createTestDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const serverUrl = inject('serverUrl')
  const name = `promo_test_${randomUUID().replaceAll('-', '').slice(0, 12)}`
  const admin = postgres(serverUrl, { max: 1, onnotice: () => {} })
  const template = options.empty ? 'template1' : inject('templateName')
  await admin`create database ${admin(name)} template ${admin(template)}`
  const url = databaseUrl(serverUrl, name)
  const sql = postgres(url, { max: 4, onnotice: () => {} })
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

/** Offers with links and variations: the first offer has `/nocodemba` and variations 42 to 44. */
export async function insertPromos(sql: Sql): Promise<void> {
  await sql`
    insert into affiliate_links (slug, destination_url, active, utm, pass_parameters) values
      ('nocodemba', 'https://merchant.example/course?ref=daily', true, '{"utm_source": "dailybrief"}', false),
      ('quietdesk', 'https://desk.example/#top', true, '{}', true),
      ('gone', 'https://gone.example/', false, '{}', false)
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

/** What every test that records ends with: rows, counters and rollups tell the same story. */
export async function findDrift(sql: Sql): Promise<unknown[]> {
  const drift = await sql`
    with clicks as (
      select variation_id, date_trunc('hour', clicked_at, 'UTC') as hour, count(*) as clicks,
        count(*) filter (where verdict = 'human') as human,
        count(*) filter (where verdict = 'machine') as machine,
        count(*) filter (where verdict = 'duplicate') as duplicate
      from promo_click_tracking group by 1, 2
    ), impressions as (
      select variation_id, date_trunc('hour', tracked_at, 'UTC') as hour, count(*) as impressions,
        sum(recipients) as recipients
      from promo_impression_tracking group by 1, 2
    ), hours as (
      select 'hour' as at, variation_id, hour::text, c.clicks, m.clicks as rolled
      from clicks c
      full join impressions i using (variation_id, hour)
      full join promo_performance_metrics m using (variation_id, hour)
      where (coalesce(c.clicks, 0), coalesce(c.human, 0), coalesce(c.machine, 0), coalesce(c.duplicate, 0),
          coalesce(i.impressions, 0), coalesce(i.recipients, 0))
        is distinct from
        (m.clicks, m.human_clicks, m.machine_clicks, m.duplicate_clicks, m.impressions, m.recipients)
    ), variations as (
      select 'variation' as at, v.id, v.impressions::text, v.clicks, coalesce(sum(c.clicks), 0)
      from promo_text_variations v
      left join clicks c on c.variation_id = v.id
      group by v.id
      having v.clicks <> coalesce(sum(c.clicks), 0)
        or v.impressions <> coalesce((select sum(i.recipients) from impressions i where i.variation_id = v.id), 0)
    ), offers as (
      select 'offer' as at, o.id, o.total_impressions::text, o.total_clicks, coalesce(sum(v.clicks), 0)
      from promo_offers o
      left join promo_text_variations v on v.offer_id = o.id
      group by o.id
      having o.total_clicks <> coalesce(sum(v.clicks), 0) or o.total_impressions <> coalesce(sum(v.impressions), 0)
    )
    select * from hours
    union all select * from variations
    union all select * from offers
  `
  return [...drift]
}
