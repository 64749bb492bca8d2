import { arrayLiteral } from '../database/array-literal.ts'
import type { Sql } from '../database/sql.ts'

export type Editor = { id: number; name: string; created_at: Date }

/** What is needed to check a password. `folded_name` is null if the former version added the editor. */
export type KnownEditor = {
  id: number
  name: string
  folded_name: string | null
  password_hash: string
  session_version: number
}

type NewEditor = {
  name: string
  /** The name without distinctions of case. */
  folded: string
  passwordHash: string
  /** For editors who have no such name yet: if two differ only in case, only the first gets it. */
  alsoFolded: readonly { id: number; folded: string }[]
}

/** Returns no row if an editor has this name already. */
export const insertEditor = (sql: Sql, { name, folded, passwordHash, alsoFolded }: NewEditor) => sql<
  Editor[]
>`
  with earlier as (
    update promo_editors e set folded_name = f.folded
    from (
      select distinct on (folded) id, folded
      from unnest(
        ${arrayLiteral(alsoFolded, ({ id }) => id)}::integer[],
        ${arrayLiteral(alsoFolded, ({ folded }) => folded)}::text[]
      ) as f (id, folded)
      order by folded, id
    ) f
    where e.id = f.id and not exists (select from promo_editors other where other.folded_name = f.folded)
  )
  insert into promo_editors (name, folded_name, password_hash)
  values (${name}, ${folded}, ${passwordHash})
  on conflict do nothing
  returning id, name, created_at
`

export const listEditors = (sql: Sql) => sql<Editor[]>`
  select id, name, created_at from promo_editors order by coalesce(folded_name, name) collate "C", id
`

/** Candidates in the order in which they were added: those with this name in any case, or not folded yet. */
export const findEditors = (sql: Sql, folded: string) => sql<KnownEditor[]>`
  select id, name, folded_name, password_hash, session_version from promo_editors
  where folded_name = ${folded} or folded_name is null
  order by id
`

export const deleteEditor = (sql: Sql, id: number) => sql`delete from promo_editors where id = ${id}`

/** Returns no row if the editor has been removed. */
export const readSessionVersion = (sql: Sql, id: number) => sql<{ session_version: number }[]>`
  select session_version from promo_editors where id = ${id}
`

/** Ends every session of the editor with exactly this name. Returns no row if there is none. */
export const endSessions = (sql: Sql, name: string) => sql<{ name: string }[]>`
  update promo_editors set session_version = session_version + 1 where name = ${name} returning name
`
