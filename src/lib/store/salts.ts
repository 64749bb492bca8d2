import type { Sql } from '../database/sql.ts'

/**
 * Stores a salt for a month unless there is one, and returns the stored one, whoever made it, as hexadecimal digits.
 */
export const keepSalt = (sql: Sql, month: string, salt: Buffer) => sql<{ salt: string }[]>`
  insert into promo_hash_salts as kept (month, salt)
  values (${month}::date, ${salt}::bytea)
  on conflict (month) do update set salt = kept.salt
  returning encode(kept.salt, 'hex') as salt
`
