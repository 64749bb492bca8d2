import { readdir, readFile } from 'node:fs/promises'
import { migrationsFolder } from './migrations-folder.ts'
import type { Sql } from './sql.ts'

/**
 * Applies the migrations that this database has not seen, in one transaction, so that nothing is ever half applied. The
 * lock lets several instances start at once: one migrates, the others wait and find it done. Returns the names of the
 * migrations that it applied.
 *
 * It is one message to the server, which makes it one transaction: a server that vanishes between the statements of the
 * driver's own transactions ends this process with an error that nobody can catch.
 */
export async function migrate(sql: Sql, folder: URL = migrationsFolder): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  const steps = await Promise.all(
    names.map(async (name) => applyOnce(name, await readFile(new URL(name, folder), 'utf8'))),
  )
  const results = await sql.unsafe<{ name?: string }[][]>(`
    select pg_advisory_xact_lock(hashtextextended('promo_migrations', 0));
    create table if not exists promo_migrations (
      name text primary key,
      applied_at timestamptz not null default now()
    );
    ${tellsFormer}
    ${steps.join('')}
    select name from promo_migrations where xmin = pg_current_xact_id()::xid order by name;
  `)
  return results.flat().flatMap(({ name }) => name ?? [])
}

/** Whether the former version still works correctly with a migration, so that both may run at the same time. */
const keepsFormer = /^-- Keeps the former version right\b/m

/** Earlier versions have made the table without it. Altering would lock the table at every start. */
const tellsFormer = `
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

/** Makes the partitions that clicks of this and the coming two months go to. */
export const makeClickPartitions = (sql: Sql, now: number) => sql`
  select promo_make_click_partition((to_timestamp(${now / 1000}) at time zone 'UTC' + ahead * interval '1 month')::date)
  from generate_series(0, 2) as ahead
`
