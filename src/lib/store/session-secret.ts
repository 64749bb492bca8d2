import type { Sql } from './database.ts'

/** Keeps a secret unless there is one, and answers the one that is kept, whoever made it. */
export const keepSessionSecret = (sql: Sql, secret: Uint8Array) => sql<{ secret: Buffer }[]>`
  insert into promo_session_secret as kept (secret)
  values (${secret}::bytea)
  on conflict (only_row) do update set secret = kept.secret
  returning secret
`

/** Answers nothing where there is none yet. */
export const readSessionSecret = (sql: Sql) =>
  sql<{ secret: Buffer }[]>`select secret from promo_session_secret`

/** Puts a secret in place of the one that there is. */
export const replaceSessionSecret = (sql: Sql, secret: Uint8Array) => sql`
  insert into promo_session_secret (secret)
  values (${secret}::bytea)
  on conflict (only_row) do update set secret = excluded.secret
`
