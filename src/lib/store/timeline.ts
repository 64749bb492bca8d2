import type { Sql } from '../database/sql.ts'

/**
 * Identifies the database and its timeline, in one row. A standby that takes over begins another timeline, and so does
 * a restore to an earlier state; another database on the same server has another name. A standby cannot be asked.
 */
export const readTimeline = (sql: Sql) => sql<{ database: string; timeline: string }[]>`
  select (pg_control_system()).system_identifier::text || '-' || d.oid::text as database,
    left(pg_walfile_name(pg_current_wal_lsn()), 8) as timeline
  from pg_database d
  where d.datname = current_database()
`
