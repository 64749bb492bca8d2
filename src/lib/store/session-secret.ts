import type { Sql } from '../database/sql.ts'

/** Stores a secret unless there is one, and returns the stored one, whoever made it, as hexadecimal digits. */
export const keepSessionSecret = (sql: Sql, secret: Uint8Array) => sql<{ secret: string }[]>`
  insert into promo_session_secret as kept (secret)
  values (${secret}::bytea)
  on conflict (only_row) do update set secret = kept.secret
  returning encode(kept.secret, 'hex') as secret
`

/** The same form; nothing if there is none yet. */
export const readSessionSecret = (sql: Sql) =>
  sql<{ secret: string }[]>`select encode(secret, 'hex') as secret from promo_session_secret`

/** Replaces the secret. */
export const replaceSessionSecret = (sql: Sql, secret: Uint8Array) => sql`
  insert into promo_session_secret (secret)
  values (${secret}::bytea)
  on conflict (only_row) do update set secret = excluded.secret
`
