import { readdir, readFile } from 'node:fs/promises'
import type { Sql } from './database.ts'

export const migrationsFolder = new URL('../../../db/migrations/', import.meta.url)

/**
 * Applies the migrations that this database has not seen, in one transaction, so that nothing is ever half applied.
 * The lock lets several instances start at once: one migrates, the others wait and find it done. Answers the names
 * of the migrations that it applied.
 */
export async function migrate(sql: Sql, folder: URL = migrationsFolder): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  return await sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(hashtextextended('promo_migrations', 0))`
    await transaction`
      create table if not exists promo_migrations (
        name text primary key,
        applied_at timestamptz not null default now()
      )
    `
    const applied = await transaction<{ name: string }[]>`select name from promo_migrations`
    const pending = names.filter((name) => !applied.some((row) => row.name === name))
    for (const name of pending) {
      await transaction.unsafe(await readFile(new URL(name, folder), 'utf8'))
      await transaction`insert into promo_migrations (name) values (${name})`
    }
    return pending
  })
}

/** Makes the partitions that clicks of this and the coming two months go to. */
export const makeClickPartitions = (sql: Sql, now: number) => sql`
  select promo_make_click_partition((to_timestamp(${now / 1000}) at time zone 'UTC' + ahead * interval '1 month')::date)
  from generate_series(0, 2) as ahead
`
