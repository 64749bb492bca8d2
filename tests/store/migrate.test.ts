import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect } from 'vitest'
import { makeClickPartitions, migrate } from '../../src/lib/database/migrate.ts'
import { migrationsFolder } from '../../src/lib/database/migrations-folder.ts'
import type { Sql } from '../../src/lib/database/sql.ts'
import { listVariations } from '../../src/lib/store/variations.ts'
import { findDrift, insertPromos } from '../support/database.ts'
import { describeSchema } from '../support/describe-schema.ts'
import { aClick, aHash, anImpression } from '../support/events.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'
import { createPhase2, readPhase2 } from './phase2.ts'
import { serverTest as test, versions } from './servers.ts'

const names = (await readdir(migrationsFolder)).sort()
const at = Date.UTC(2026, 10, 18, 12)

const appliedMigrations = async (sql: Sql) =>
  (await sql`select name from promo_migrations order by name`).map(({ name }) => name)

const tables = async (sql: Sql) =>
  (await sql`select tablename from pg_tables where schemaname = 'public'`).map(({ tablename }) => tablename)

/** A folder of migrations that is deleted after the test. */
async function withFolder(
  files: Record<string, string>,
  work: (folder: URL) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'promo-migrations-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    await work(pathToFileURL(`${folder}/`))
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe.for(versions)('on PostgreSQL %s,', (version) => {
  test('an empty database gets every table, and a second run applies nothing', async ({ emptyDatabase }) => {
    const sql = await emptyDatabase(version)
    expect(await migrate(sql)).toEqual(names)
    expect(await migrate(sql)).toEqual([])
    expect(await appliedMigrations(sql)).toEqual(names)
  })

  test('events are recorded in partitions that are made ahead, and moved into those made late', async ({
    emptyDatabase,
  }) => {
    const sql = await emptyDatabase(version)
    await migrate(sql)
    await insertPromos(sql)
    await makeClickPartitions(sql, at)
    const late = Date.UTC(2027, 5, 1)
    await recordImpressions(sql, [anImpression(), anImpression({ newsletter_send_id: null, recipients: 7 })])
    await recordImpressions(sql, [anImpression({ at: at + 1, recipients: 250 })])
    const clicks = [
      aClick({ ip_hash: aHash(1) }),
      aClick({ ip_hash: aHash(1), at: late }),
      aClick({ variation_id: 43 }),
    ]
    await recordClicks(sql, clicks)
    await recordClicks(sql, clicks)
    await makeClickPartitions(sql, late)
    const rows = await sql`
      select tableoid::regclass::text as partition, count(*)::integer as clicks
      from promo_click_tracking group by 1 order by 1
    `
    expect([...rows]).toEqual([
      { partition: 'promo_click_tracking_2026_11', clicks: 2 },
      { partition: 'promo_click_tracking_2027_06', clicks: 1 },
    ])
    const [offer] =
      await sql`select total_impressions::integer, total_clicks::integer, ctr::text from promo_offers where id = 4`
    expect(offer).toEqual({ total_impressions: 257, total_clicks: 3, ctr: '1.17' })
    expect(await findDrift(sql)).toEqual([])
  })

  test('Phase-2 tables keep their rows and values, and are tracked', async ({ emptyDatabase }) => {
    const sql = await emptyDatabase(version)
    await createPhase2(sql)
    const before = await readPhase2(sql)
    expect(await migrate(sql)).toEqual(names)
    expect(await readPhase2(sql)).toEqual(before)
    expect([...(await listVariations(sql))]).toEqual([
      { variation_id: 42, offer_id: 4, link_slug: null, former_slugs: [] },
      { variation_id: 43, offer_id: 4, link_slug: null, former_slugs: [] },
      { variation_id: 50, offer_id: 5, link_slug: null, former_slugs: [] },
    ])
    await recordClicks(sql, [
      aClick(),
      aClick({ variation_id: 43 }),
      aClick({ offer_id: 5, variation_id: 50 }),
    ])
    await recordImpressions(sql, [anImpression({ recipients: 100 })])
    const offers = await sql`
      select id, total_impressions::integer as impressions, total_clicks::integer as clicks, ctr::text, weight, active
      from promo_offers order by id
    `
    expect([...offers]).toEqual([
      { id: 4, impressions: 300, clicks: 5, ctr: '1.67', weight: 1, active: true },
      { id: 5, impressions: 0, clicks: 1, ctr: null, weight: 1, active: true },
    ])
    const [inserted] = await sql`insert into promo_offers (name, offer_type) values ('New', 'x') returning id`
    expect(inserted?.id).toBe(6)
  })

  test('a CTR of 1,000 % and more fails nothing, nor do counters above an integer', async ({
    emptyDatabase,
  }) => {
    const sql = await emptyDatabase(version)
    await createPhase2(sql)
    await expect(sql`update promo_offers set total_clicks = 2000 where id = 4`).rejects.toThrow('overflow')
    await migrate(sql)
    await recordImpressions(sql, [anImpression({ offer_id: 5, variation_id: 50, recipients: 1 })])
    await recordClicks(
      sql,
      Array.from({ length: 12 }, () => aClick({ offer_id: 5, variation_id: 50 })),
    )
    const [offer] = await sql`select ctr::text from promo_offers where id = 5`
    const [variation] = await sql`select ctr::text from promo_text_variations where id = 50`
    expect([offer?.ctr, variation?.ctr]).toEqual(['1200.00', '1200.00'])
    await sql`update promo_offers set total_impressions = 3000000000, total_clicks = 2999999999 where id = 4`
  })
})

test('Phase-2 tables end with the types, keys and triggers that an empty database gets', async ({
  emptyDatabase,
}) => {
  const adopted = await emptyDatabase()
  const fresh = await emptyDatabase()
  await createPhase2(adopted)
  await migrate(adopted)
  await migrate(fresh)
  const own = new Set(['priority', 'created_at', 'reviewed_by', 'cta_text', 'length_category', 'offer_type'])
  const lines = async (sql: Sql) =>
    (await describeSchema(sql))
      .split('\n')
      .filter((line) => !own.has(line.trim().split(' ')[0] ?? ''))
      .map((line) => line.replace(/,$/, ''))
      .sort()
  expect(await lines(adopted)).toEqual(await lines(fresh))
})

test('counters that Phase 2 lacks or has already are added or widened', async ({ emptyDatabase }) => {
  const sql = await emptyDatabase()
  await createPhase2(sql)
  await sql.unsafe(`
    drop trigger trigger_update_offer_ctr on promo_offers;
    alter table promo_offers drop column total_impressions, drop column total_clicks, drop column ctr;
    alter table promo_text_variations add column impressions integer not null default 0,
      add column clicks integer not null default 0, add column ctr decimal(5, 2);
    update promo_text_variations set impressions = 50, clicks = 2, ctr = 4 where id = 42;
  `)
  await migrate(sql)
  const [row] = await sql`
    select total_clicks::integer, v.impressions::integer, v.clicks::integer, v.ctr::text
    from promo_offers o join promo_text_variations v on v.offer_id = o.id where v.id = 42
  `
  expect(row).toEqual({ total_clicks: 0, impressions: 50, clicks: 2, ctr: '4.00' })
  await sql`update promo_text_variations set clicks = 5000 where id = 42`
})

test('a role without privileges beyond the schema migrates, records and makes partitions', async ({
  emptyDatabase,
}) => {
  const sql = await emptyDatabase('newest', 1)
  const role = sql(`promo_plain_${process.pid}`)
  await sql`create role ${role} nologin`
  await sql`grant usage, create on schema public to ${role}`
  await sql`set role ${role}`
  expect(await migrate(sql)).toEqual(names)
  await makeClickPartitions(sql, at)
  await insertPromos(sql)
  await recordClicks(sql, [aClick()])
  await sql`drop table promo_click_tracking_2026_11`
  await sql`reset role`
  await sql`drop owned by ${role}`
  await sql`drop role ${role}`
})

test('of six runs at once, one applies each migration', async ({ emptyDatabase }) => {
  const sql = await emptyDatabase('newest', 6)
  const runs = await Promise.all(Array.from({ length: 6 }, () => migrate(sql)))
  expect(runs.flat().sort()).toEqual(names)
  expect(runs.filter((applied) => applied.length > 0)).toHaveLength(1)
  expect(await appliedMigrations(sql)).toEqual(names)
})

test('a migration that fails leaves nothing behind, nor do those before it', async ({ emptyDatabase }) => {
  const sql = await emptyDatabase()
  const files = {
    '001_good.sql': 'create table good (id integer);',
    '002_broken.sql': 'create table half (id integer); select 1/0;',
  }
  await withFolder(files, async (folder) => {
    await expect(migrate(sql, folder)).rejects.toThrow('division by zero')
    expect(await tables(sql)).toEqual([])
    await writeFile(new URL('002_broken.sql', folder), 'create table whole (id integer);')
    expect(await migrate(sql, folder)).toEqual(['001_good.sql', '002_broken.sql'])
  })
})

test('later migrations are applied in the order of their names, and other files are no migrations', async ({
  emptyDatabase,
}) => {
  const sql = await emptyDatabase()
  const files = {
    '002_second.sql': 'alter table first add column second integer;',
    '001_first.sql': 'create table first (id integer);',
    'README.md': 'not SQL',
  }
  await withFolder(files, async (folder) => {
    expect(await migrate(sql, folder)).toEqual(['001_first.sql', '002_second.sql'])
    await writeFile(new URL('003_third.sql', folder), 'alter table first add column third integer;')
    expect(await migrate(sql, folder)).toEqual(['003_third.sql'])
  })
})
