import type { Sql } from './database.ts'

export type Editor = { id: number; name: string; created_at: Date }

/** Answers nothing where an editor has this name already, in whatever case. */
export const insertEditor = (sql: Sql, name: string, passwordHash: string) => sql<Editor[]>`
  insert into promo_editors (name, password_hash)
  values (${name}, ${passwordHash})
  on conflict (lower(name)) do nothing
  returning id, name, created_at
`

export const listEditors = (sql: Sql) => sql<Editor[]>`
  select id, name, created_at from promo_editors order by lower(name)
`

/** The name's case does not matter. Answers nothing where there is no such editor. */
export const deleteEditor = (sql: Sql, name: string) => sql<{ name: string }[]>`
  delete from promo_editors where lower(name) = lower(${name}) returning name
`
