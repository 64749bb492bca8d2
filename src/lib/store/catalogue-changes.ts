import type { Sql } from '../database/sql.ts'

/** A text that changes with every committed change of offers, variations or links, but not with clicks. */
export const readCatalogueVersion = (sql: Sql) => sql<{ version: string }[]>`
  select concat_ws(' ', count(*), sum(id)) as version from promo_catalogue_changes
`

/** Makes every instance fetch these tables again, as after a change. */
export const noteCatalogueChange = (sql: Sql) => sql`insert into promo_catalogue_changes default values`

/** Deletes changes that every instance has seen. */
export const forgetCatalogueChanges = (sql: Sql) => sql`
  delete from promo_catalogue_changes where changed_at < now() - interval '10 minutes'
`
