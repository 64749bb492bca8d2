import type { Sql } from '../database/sql.ts'

/**
 * Consumes a token, identified by its digest, once: returns no row if it was taken before. `keptUntil` is in seconds.
 */
export const takeToken = (
  sql: Sql,
  { digest, subject, keptUntil }: { digest: Buffer; subject: string; keptUntil: number },
) => sql<{ id: number; session_version: number }[]>`
  insert into promo_handed_over_tokens (digest, subject, kept_until)
  values (${digest}::bytea, ${subject}, to_timestamp(${keptUntil}))
  on conflict (digest) do nothing
  returning id, session_version
`

/** Returns no row if the token is no longer kept: its session has ended by then. */
export const readTokenVersion = (sql: Sql, id: number) => sql<{ session_version: number }[]>`
  select session_version from promo_handed_over_tokens where id = ${id}
`

/** Ends every session that began with a token of this subject. */
export const endTokenSessions = (sql: Sql, subject: string) => sql<{ name: string }[]>`
  update promo_handed_over_tokens set session_version = session_version + 1
  where subject = ${subject}
  returning subject as name
`
