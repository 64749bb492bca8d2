import { readFile } from 'node:fs/promises'
import { arrayLiteral } from './array-literal.ts'
import { listMigrations, migrationsFolder } from './migrations-folder.ts'
import type { Sql } from './sql.ts'

/** How long migrations may take, in milliseconds. */
export const migrationDeadline = 120_000

/**
 * Applies the migrations that this database lacks, in one transaction, so that nothing is half applied. The lock lets
 * several instances start at once: one migrates, the others wait and find it done. Returns the names of the migrations
 * that it applied.
 *
 * It is sent as one message, which makes it one transaction: if a server vanishes between the statements of one of the
 * driver's transactions, the driver throws an error that cannot be caught.
 */
export async function migrate(sql: Sql, folder: URL = migrationsFolder): Promise<string[]> {
  const names = await listMigrations(folder)
  const steps = await Promise.all(
    names.map(async (name) => applyOnce(name, await readFile(new URL(name, folder), 'utf8'))),
  )
  const results = await sql.unsafe<{ name?: string }[][]>(`
    select pg_advisory_xact_lock(hashtextextended('promo_migrations', 0));
    create table if not exists promo_migrations (
      name text primary key,
      applied_at timestamptz not null default now()
    );
    ${addKeepsFormer}
    ${steps.join('')}
    select name from promo_migrations where xmin = pg_current_xact_id()::xid order by name;
  `)
  return results.flat().flatMap(({ name }) => name ?? [])
}

/** Whether the former version still works correctly with a migration, so that both may run at the same time. */
const keepsFormer = /^-- Keeps the former version right\b/m

/** Earlier versions created the table without it. Altering it would lock the table at every start. */
const addKeepsFormer = `
  do $column$
  begin
    if not exists (
      select from pg_attribute where attrelid = 'promo_migrations'::regclass and attname = 'keeps_former'
    ) then
      alter table promo_migrations add column keeps_former boolean not null default false;
    end if;
  end
  $column$;
`

const applyOnce = (name: string, statements: string): string => `
  do $apply$
  begin
    if not exists (select from promo_migrations where name = ${quoted(name)}) then
      execute $statements$${statements}$statements$;
      insert into promo_migrations (name, keeps_former) values (${quoted(name)}, ${keepsFormer.test(statements)});
    end if;
  end
  $apply$;
`

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** Whether the database has all migrations of this version. */
export async function isMigrated(sql: Sql, folder: URL = migrationsFolder): Promise<boolean> {
  const [table] = await sql`select from pg_class where oid = to_regclass('promo_migrations')`
  if (!table) return false
  const names = arrayLiteral(await listMigrations(folder), (name) => name)
  const lacking = await sql`
    select from unnest(${names}::text[]) as name
    where name not in (select name from promo_migrations) limit 1
  `
  return lacking.length === 0
}

/** Creates the partitions for this and the next two months. */
export const makeClickPartitions = (sql: Sql, now: number) => sql`
  select promo_make_click_partition((to_timestamp(${now / 1000}) at time zone 'UTC' + ahead * interval '1 month')::date)
  from generate_series(0, 2) as ahead
`
