import type { Sql } from '../database/sql.ts'

/**
 * Which history of which database this is, in one row. A standby that takes over begins another timeline, and a
 * restore to an earlier moment does; another database has another name, though it may be on the same server. A
 * standby cannot be asked.
 */
export const readTimeline = (sql: Sql) => sql<{ database: string; timeline: string }[]>`
  select (pg_control_system()).system_identifier::text || '-' || d.oid::text as database,
    left(pg_walfile_name(pg_current_wal_lsn()), 8) as timeline
  from pg_database d
  where d.datname = current_database()
`
