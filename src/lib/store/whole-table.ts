import { fail, ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault, Sql } from '../database/sql.ts'

/** Whether a table has its key, which a restore adds after all rows, and whether it has any row. */
const readTableState = (sql: Sql, table: string) => sql<{ whole: boolean; filled: boolean }[]>`
  select
    exists (select from pg_index where indrelid = ${table}::regclass and indisunique and indisvalid) as whole,
    exists (select from ${sql(table)}) as filled
`

/** All rows that a statement reads from a table, unless the table is being restored: then they are unknown. */
export async function listWholeTable(
  database: Database,
  table: string,
  list: (sql: Sql) => PromiseLike<readonly unknown[]>,
): Promise<Result<{ rows: readonly unknown[]; empty: boolean }, DatabaseFault>> {
  const listed = await database.run(list)
  if (!listed.ok) return listed
  const state = await database.run((sql) => readTableState(sql, table))
  if (!state.ok) return state
  const [found] = state.value
  if (found?.whole) return ok({ rows: listed.value, empty: !found.filled })
  return fail({ code: 'unavailable', message: `${table} has no key: a restore is under way, or did not end` })
}
