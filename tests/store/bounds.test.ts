import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../../src/lib/database/database.ts'
import { purge } from '../../src/lib/operations/purge.ts'
import { settle } from '../../src/lib/operations/settle.ts'
import { forgetCatalogueChanges } from '../../src/lib/store/catalogue-changes.ts'
import { attributeConversions } from '../../src/lib/store/conversions.ts'
import { addLinkDamage } from '../../src/lib/store/link-damage.ts'
import { trimOutbox } from '../../src/lib/store/outbox.ts'
import { addWebhook, forgetNews } from '../../src/lib/store/webhooks.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick, aConversion, aHash, anImpression, aSurplus } from '../support/events.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordClicks, recordConversions, recordImpressions, recordSurplus } from '../support/record.ts'

/**
 * What retention leaves, by the key that bounds it: rows of texts, times, sends and names that only the site's
 * people make.
 */
const kept: Record<string, string[]> = {
  affiliate_links: ['slug'],
  promo_conversion_metrics: ['variation_id', 'day', 'newsletter', 'currency'],
  promo_crowd_metrics: ['impression_id'],
  promo_click_breakdown: ['variation_id', 'day', 'dimension', 'value'],
  promo_daily_metrics: ['variation_id', 'day'],
  promo_doubted_sends: ['impression_id'],
  promo_editors: ['id'],
  promo_first_clicks: ['impression_id'],
  promo_former_slugs: ['offer_id', 'slug'],
  promo_hourly_totals: ['hour'],
  promo_impression_tracking: ['id'],
  promo_link_damage: ['day', 'slug'],
  promo_mautic_emails: ['email_id'],
  promo_migrations: ['name'],
  promo_monthly_conversions: ['variation_id', 'month', 'newsletter', 'currency'],
  promo_monthly_breakdown: ['variation_id', 'month', 'dimension', 'value'],
  promo_monthly_totals: ['month', 'dimension', 'value'],
  promo_newsletter_metrics: ['variation_id', 'newsletter', 'hour'],
  promo_offers: ['id'],
  promo_people: ['newsletter', 'earlier', 'day', 'offer_id', 'variation_id'],
  promo_performance_metrics: ['variation_id', 'hour'],
  promo_postbacks: ['slug'],
  promo_retention: ['only_row'],
  promo_send_conversions: ['impression_id', 'currency'],
  promo_send_metrics: ['impression_id', 'hours'],
  promo_session_secret: ['only_row'],
  promo_settlement: ['only_row'],
  promo_strapi_turns: ['only_row'],
  promo_text_variations: ['id'],
  promo_webhooks: ['id'],
}

const noon = Date.UTC(2026, 10, 18, 12)
const inTenYears = Date.UTC(2036, 10, 18, 12)
const retention = { PROMO_RETAIN_DETAILS_DAYS: 30, PROMO_RETAIN_EVENTS_MONTHS: 13 }

let store: TestDatabase
let database: Database
let tables: string[]

beforeAll(async () => {
  store = await createTestDatabase()
  database = patientDatabase(() => store.url, 1)
  const found = await store.sql<{ name: string }[]>`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1
  `
  tables = found.map(({ name }) => name)
})
afterAll(async () => {
  await database?.close()
  await store?.drop()
})

const filled = async (): Promise<string[]> => {
  const names: string[] = []
  for (const name of tables) {
    const rows = await store.sql`select 1 from ${store.sql(name)} limit 1`
    if (rows.length > 0) names.push(name)
  }
  return names
}

async function fill(): Promise<void> {
  const { sql } = store
  await insertPromos(sql)
  await sql`update promo_offers set link_slug = 'course' where id = 4`
  await recordImpressions(sql, [anImpression({ at: noon, newsletter: 'weekly' })])
  await recordClicks(sql, [
    aClick({ at: noon + 1, ip_hash: aHash(1), caller_key: true }),
    aClick({ at: noon + 2, ip_hash: aHash(2) }),
    ...Array.from({ length: 9 }, (_, index) =>
      aClick({ at: noon + index * 60_000, ip_hash: aHash(3), address_hash: 'aaaaaa1' }),
    ),
  ])
  await recordSurplus(sql, [aSurplus({ at: noon + 3 })])
  await addLinkDamage(sql, JSON.stringify([{ day: '2026-11-18', slug: 'course', damaged: 1, unreadable: 0 }]))
  await recordConversions(sql, [aConversion({ newsletter_send_id: '2026-11-18-daily' })])
  await attributeConversions(sql, { patience: 60, limit: 10 })
  await sql`insert into promo_editors (name, password_hash) values ('Ada', 'x')`
  await sql`insert into promo_session_secret (secret) values (sha256('x'))`
  await sql`insert into promo_hash_salts (month, salt) values ('2026-11-01', sha256('x'))`
  await sql`
    insert into promo_handed_over_tokens (digest, subject, kept_until) values (sha256('x'), 'ben', '2026-11-19')
  `
  await sql`
    insert into promo_decisions (newsletter_send_id, offer_id, variation_id, strategy, probability, decided_at)
    values ('send', 4, 42, 'weighted', 0.5, '2026-11-18')
  `
  await sql`insert into promo_postbacks (slug, secret_hash, source) values ('course', ${'0'.repeat(64)}, 'awin')`
  await sql`insert into promo_mautic_emails (email_id, newsletter_send_id) values (17, 'send')`
  await addWebhook(sql, { url: 'https://x.example', secret: 'x', events: ['link.broken'], most: 1 })
  await sql`insert into promo_webhook_news (webhook_id, subject, state) values (1, 'x', '')`
  await sql`insert into promo_strapi_turns (asked) values (1)`
  await sql`insert into promo_doubted_sends select id, 9, 5000 from promo_impression_tracking`
  await sql`update promo_catalogue_changes set changed_at = now() - interval '11 minutes'`
}

describe('every table has a retention or a bound', () => {
  test('that is described in db/README.md', () => {
    const readme = readFileSync(new URL('../../db/README.md', import.meta.url), 'utf8')
    const section = readme.split(/^## /m).find((one) => one.startsWith('Retention\n')) ?? ''
    const named = [...section.matchAll(/`((?:promo|affiliate)_\w+)`/g)].map(([, name]) => name)
    expect(named.sort()).toEqual(tables)
  })

  test('that deletes its rows in time, or limits them by a key', async () => {
    await fill()
    expect(await settle(database, { age: 0, forMatomo: true })).toMatchObject({ ok: true })
    expect(await filled()).toEqual(tables)
    expect(await purge(database, inTenYears, retention)).toMatchObject({ ok: true })
    await forgetCatalogueChanges(store.sql)
    await store.sql`update promo_webhook_news set seen_at = now() - interval '31 days'`
    await forgetNews(store.sql, 30)
    await store.sql`update promo_outbox set created_at = now() - interval '15 days'`
    await trimOutbox(store.sql, { target: 'matomo', days: 14, most: 500_000 })
    expect(await filled()).toEqual(Object.keys(kept).sort())

    const keys = await store.sql<{ name: string; columns: string[] }[]>`
      select distinct on (1) i.indrelid::regclass::text as name, array_agg(a.attname::text order by k.place) as columns
      from pg_index i, unnest(i.indkey) with ordinality k (attnum, place)
      join pg_attribute a on a.attnum = k.attnum
      where i.indisunique and i.indpred is null and a.attrelid = i.indrelid
      group by i.indrelid, i.indexrelid, i.indisprimary
      order by 1, i.indisprimary desc
    `
    const known = Object.fromEntries(keys.map(({ name, columns }) => [name, columns]))
    expect(Object.fromEntries(Object.keys(kept).map((name) => [name, known[name]]))).toEqual(kept)
  })

  test('visitors cannot add names to the breakdown: it has five dimensions, and hosts are limited', async () => {
    const [check] = await store.sql<{ says: string }[]>`
      select pg_get_constraintdef(oid) as says from pg_constraint
      where conname = 'promo_click_breakdown_dimension_check'
    `
    const names = [...(check?.says ?? '').matchAll(/'(\w+)'/g)].map(([, name]) => name)
    expect(names).toEqual(['device', 'browser', 'os', 'referrer', 'reason'])
  })
})
