import type { Sql } from './sql.ts'

/**
 * Runs statements within a transaction and takes back what they changed. Their locks are held until the transaction
 * ends.
 */
export async function rehearse<Rows>(sql: Sql, statements: (sql: Sql) => PromiseLike<Rows>): Promise<Rows> {
  await sql`savepoint rehearsal`
  const rows = await statements(sql)
  await sql`rollback to savepoint rehearsal`
  return rows
}
