import type { Sql } from './sql.ts'

/**
 * A condition that is always true and makes the statement's commit wait for the disk, even if `synchronous_commit` is
 * off for the role or database: the journal is retired after the commit, so a crash of the server must not undo it.
 * Settings that wait for replicas stay as they are.
 */
export const commitsDurably = (sql: Sql) => sql`(
  select case current_setting('synchronous_commit')
    when 'off' then set_config('synchronous_commit', 'on', true) else 'as it is' end
) is not null`
