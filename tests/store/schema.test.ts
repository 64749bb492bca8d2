import { readFileSync } from 'node:fs'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { makeClickPartitions, migrate } from '../../src/lib/database/migrate.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { describeSchema } from '../support/describe-schema.ts'
import { presentDigests, writtenDigests } from '../support/migration-digests.ts'
import { serverTest as test, versions } from './servers.ts'

const folder = new URL('../../db/', import.meta.url)
const written = readFileSync(new URL('schema.sql', folder), 'utf8').replace(/^--.*\n\n/, '')
const readme = readFileSync(new URL('README.md', folder), 'utf8')

test.for(versions)(
  'the migrations make what db/schema.sql says, on PostgreSQL %s',
  async (version, { emptyDatabase }) => {
    const sql = await emptyDatabase(version)
    await migrate(sql)
    expect(await describeSchema(sql)).toBe(written)
    await makeClickPartitions(sql, Date.UTC(2026, 10, 18))
    expect(await describeSchema(sql)).toBe(written)
  },
)

test('a migration that a site may have run stays as it is, byte for byte', () => {
  expect(presentDigests()).toEqual(writtenDigests())
})

describe('on a migrated database', () => {
  let store: TestDatabase
  let sql: postgres.Sql

  beforeAll(async () => {
    store = await createTestDatabase()
    sql = postgres(store.url, { max: 1 })
  })
  afterAll(async () => {
    await sql?.end()
    await store?.drop()
  })

  test.for([
    ['a column', 'alter table promo_editors add column email text'],
    ['a default', 'alter table promo_offers alter weight set default 2'],
    ['nullability', 'alter table promo_offers alter name drop not null'],
    ['a type', 'alter table promo_click_tracking alter referrer type varchar(501)'],
    ['a constraint', 'alter table promo_offers drop constraint promo_offers_weight_check'],
    ['a foreign key', 'alter table promo_decisions drop constraint promo_decisions_offer_id_fkey'],
    ['an index', 'drop index idx_metrics_hour'],
    ['an index of a condition', 'drop index idx_impression_event'],
    ['a function', 'alter function promo_ctr(bigint, bigint) volatile'],
    ['a trigger', 'drop trigger trigger_subtract_deleted_variation on promo_text_variations'],
    ['a partition', 'drop table promo_click_tracking_default'],
    ['a sequence', 'alter sequence promo_offers_id_seq as bigint'],
    ['an owner of a sequence', 'alter sequence promo_offers_id_seq owned by none'],
  ])('%s that changes shows in the description', async ([, change]) => {
    await sql.unsafe(`begin; ${change}`)
    const changed = await describeSchema(sql)
    await sql.unsafe('rollback')
    expect(changed).not.toBe(written)
    expect(await describeSchema(sql)).toBe(written)
  })

  test('db/README.md explains every table and column, each in its table', async () => {
    const columns = await sql<{ table: string; column: string }[]>`
      select table_name as table, column_name as column from information_schema.columns
      where table_schema = 'public' and table_name <> 'promo_click_tracking_default'
    `
    const sections = readme.split(/^##+ /m)
    const explains = (table: string, column: string) =>
      sections.find((section) => section.startsWith(`${table}\n`))?.includes(`\`${column}\``)
    expect(columns.length).toBeGreaterThan(70)
    expect(columns.filter(({ table, column }) => !explains(table, column))).toEqual([])
    const tables = new Set(columns.map(({ table }) => table))
    const headings = [...readme.matchAll(/^### ([a-z_]+)$/gm)].map(([, table]) => table ?? '')
    expect(headings.filter((table) => !tables.has(table))).toEqual([])
  })

  test('db/README.md explains every index, trigger and function, and no index that is not there', async () => {
    const indexes = await sql`
      select indexname as name from pg_indexes
      where schemaname = 'public' and tablename <> 'promo_click_tracking_default'
    `
    const others = await sql`
      select tgname as name from pg_trigger where not tgisinternal
      union select proname from pg_proc where pronamespace = 'public'::regnamespace
    `
    const section = readme.split(/^## /m).find((one) => one.startsWith('Indexes')) ?? ''
    const explained = [...section.matchAll(/`(\w+)`/g)].map(([, name]) => name)
    expect(explained.sort()).toEqual(indexes.map(({ name }) => name).sort())
    expect(others.filter(({ name }) => !readme.includes(name))).toEqual([])
  })
})
