import type { Sql } from '../database/sql.ts'

/** How the network of a link reports conversions: the source of their ids, and its names for our parameters. */
export type Postback = { source: string; secret_hash: string; parameters: Record<string, string> }

export const findPostback = (sql: Sql, slug: string) => sql<Postback[]>`
  select source, secret_hash, parameters from promo_postbacks where slug = ${slug}
`

/** A former secret becomes invalid. */
export const savePostback = (sql: Sql, slug: string, { source, secret_hash, parameters }: Postback) => sql`
  insert into promo_postbacks (slug, source, secret_hash, parameters)
  values (${slug}, ${source}, ${secret_hash}, ${sql.json(parameters)})
  on conflict (slug) do update set
    source = excluded.source, secret_hash = excluded.secret_hash, parameters = excluded.parameters, changed_at = now()
`

/** No row if there was none. */
export const deletePostback = (sql: Sql, slug: string) => sql<{ slug: string }[]>`
  delete from promo_postbacks where slug = ${slug} returning slug
`
