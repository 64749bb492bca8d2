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

/** What it takes to check a password. The name's case does not matter. */
export const findEditor = (sql: Sql, name: string) => sql<
  { id: number; name: string; password_hash: string; session_version: number }[]
>`
  select id, name, password_hash, session_version from promo_editors where lower(name) = lower(${name})
`

/** Answers nothing where the editor has been removed. */
export const readSessionVersion = (sql: Sql, id: number) => sql<{ session_version: number }[]>`
  select session_version from promo_editors where id = ${id}
`

/** Ends every session of an editor. Answers nothing where there is no such editor. */
export const endSessions = (sql: Sql, name: string) => sql<{ name: string }[]>`
  update promo_editors set session_version = session_version + 1 where lower(name) = lower(${name}) returning name
`
