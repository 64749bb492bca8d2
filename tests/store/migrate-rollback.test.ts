import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import { makeClickPartitions, migrate } from '../../src/lib/database/migrate.ts'
import { migrationsFolder } from '../../src/lib/database/migrations-folder.ts'
import type { Sql } from '../../src/lib/database/sql.ts'
import { settleClicks } from '../../src/lib/store/settlement.ts'
import { findDrift, insertPromos } from '../support/database.ts'
import { describeSchema } from '../support/describe-schema.ts'
import { aClick, aHash, anImpression } from '../support/events.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'
import { createPhase2, readPhase2 } from './phase2.ts'
import { serverTest as test, versions } from './servers.ts'

const names = (await readdir(migrationsFolder)).sort()
const readme = readFileSync(new URL('../../db/README.md', import.meta.url), 'utf8')

/** The rollback of a migration as db/README.md gives it; where there are several, the one whose heading ends so. */
function rollbackOf(name: string, start: string): string {
  const sections = readme.split(/^### /m).filter((section) => section.startsWith(`Rollback of ${name}`))
  const section =
    sections.length > 1 ? sections.find((one) => one.split('\n')[0]?.endsWith(start)) : sections[0]
  return /```sql\n([\s\S]*?)```/.exec(section ?? '')?.[1] ?? `no rollback of ${name} is written down`
}

/** Newest first, each seeing that it takes exactly its own migration back. */
async function rollBack(sql: Sql, start: string): Promise<void> {
  for (const [index, name] of [...names.entries()].reverse()) {
    await sql.unsafe(rollbackOf(name, start))
    if (index === 0) continue
    const applied = await sql`select name from promo_migrations order by name`
    expect(applied.map((row) => row.name)).toEqual(names.slice(0, index))
  }
}

async function recordSome(sql: Sql): Promise<void> {
  const at = Date.UTC(2026, 10, 18, 12)
  await makeClickPartitions(sql, at)
  await recordImpressions(sql, [anImpression({ recipients: 3 })])
  await recordClicks(sql, [
    ...Array.from({ length: 40 }, (_, index) => aClick({ at, ip_hash: aHash(index) })),
    aClick({ at: Date.UTC(2020, 1, 1) }),
  ])
  await sql`insert into promo_editors (name, password_hash) values ('Ada', 'x')`
  await sql`
    insert into promo_decisions (newsletter_send_id, offer_id, variation_id, strategy, probability)
    values ('send', 4, 42, 'weighted', 1)
  `
}

describe.for(versions)('on PostgreSQL %s', (version) => {
  test('an empty database is empty again, and can be migrated again', async ({ emptyDatabase }) => {
    const sql = await emptyDatabase(version, 1)
    await migrate(sql)
    const migrated = await describeSchema(sql)
    await insertPromos(sql)
    await recordSome(sql)
    expect(await findDrift(sql)).toEqual([])
    await rollBack(sql, 'a database that was empty')
    expect(await describeSchema(sql)).toBe('\n')
    expect(await migrate(sql)).toEqual(names)
    expect(await describeSchema(sql)).toBe(migrated)
  })

  test('Phase-2 tables are there with their rows, and can be migrated again', async ({ emptyDatabase }) => {
    const sql = await emptyDatabase(version, 1)
    await createPhase2(sql)
    const [rows, schema] = [await readPhase2(sql), await describeSchema(sql)]
    await migrate(sql)
    const migrated = await describeSchema(sql)
    await rollBack(sql, 'Phase-2 tables')
    expect(await readPhase2(sql)).toEqual(rows)
    const widened = (await describeSchema(sql))
      .replaceAll(/(total_\w+) bigint/g, '$1 integer')
      .replace('numeric(12,2)', 'numeric(5,2)')
    const unindented = (text: string) => text.replaceAll(/^ +/gm, '')
    expect(unindented(widened)).toBe(unindented(schema))
    expect(await migrate(sql)).toEqual(names)
    expect(await describeSchema(sql)).toBe(migrated)
  })

  test('Phase-2 tables keep what was counted since, and work on their own', async ({ emptyDatabase }) => {
    const sql = await emptyDatabase(version, 1)
    await createPhase2(sql)
    await migrate(sql)
    await sql`update promo_offers set total_impressions = 0, total_clicks = 0`
    await recordSome(sql)
    expect(await findDrift(sql)).toEqual([])
    await rollBack(sql, 'Phase-2 tables')
    const offer = async () => {
      const [row] =
        await sql`select total_impressions::integer, total_clicks::integer, ctr::text from promo_offers where id = 4`
      return row
    }
    expect(await offer()).toEqual({ total_impressions: 3, total_clicks: 41, ctr: '1366.67' })
    await sql`update promo_offers set total_clicks = 30 where id = 4`
    expect(await offer()).toEqual({ total_impressions: 3, total_clicks: 30, ctr: '1000.00' })
    await sql`update promo_offers set total_impressions = 0 where id = 4`
    expect(await offer()).toMatchObject({ ctr: null })
  })
  test.for([
    ['008', 'promo_monthly_breakdown'],
    ['009', 'promo_hourly_totals'],
    ['009', 'promo_monthly_totals'],
  ])(
    'migration %s adds up the rows that exist already in %s',
    async ([first = '', table = ''], { emptyDatabase }) => {
      const sql = await emptyDatabase(version, 1)
      await migrate(sql)
      await insertPromos(sql)
      await recordSome(sql)
      await settleClicks(sql, { age: 0, limit: 1_000, duplicateSeconds: 10, visitorsPerAddress: 5 })
      const sums = async () => [...(await sql`select t::text from ${sql(table)} t order by 1`)]
      const before = await sums()
      expect(before.length).toBeGreaterThan(1)
      const latest = names.filter((name) => name >= first)
      for (const name of latest.toReversed()) await sql.unsafe(rollbackOf(name, ''))
      expect(await migrate(sql)).toEqual(latest)
      expect(await sums()).toEqual(before)
      expect(await findDrift(sql)).toEqual([])
    },
  )
})
