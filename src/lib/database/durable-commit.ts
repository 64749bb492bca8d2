import type { Sql } from './sql.ts'

/**
 * A condition that always holds and makes the statement's own commit wait for the disk, where a role or database has
 * `synchronous_commit` off: the journal is retired after the commit, so a crash of the server must not take that back.
 * Settings that wait for replicas stay as they are.
 */
export const commitsDurably = (sql: Sql) => sql`(
  select case current_setting('synchronous_commit')
    when 'off' then set_config('synchronous_commit', 'on', true) else 'as it is' end
) is not null`
