import type { Sql } from '../database/sql.ts'
import type { Lead, Link } from '../model/link.ts'

export const listLinks = (sql: Sql) => sql<Link[]>`
  select slug, destination_url, utm, pass_parameters, click_id_parameter from affiliate_links where active order by slug
`

export const findLink = (sql: Sql, slug: string) => sql<Link[]>`
  select slug, destination_url, utm, pass_parameters, click_id_parameter from affiliate_links
  where active and slug = ${slug}
`

/** Where each active link leads. */
export const listLeads = (sql: Sql) => sql<Lead[]>`
  select slug, destination_url from affiliate_links where active order by slug
`
