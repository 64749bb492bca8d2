import type { Sql } from '../database/sql.ts'

/** A text that is another one after every committed change of offers, variations or links; clicks do not change it. */
export const readCatalogueVersion = (sql: Sql) => sql<{ version: string }[]>`
  select concat_ws(' ', count(*), sum(id)) as version from promo_catalogue_changes
`

/** Makes every instance fetch again what it knows, as after a change in these tables. */
export const noteCatalogueChange = (sql: Sql) => sql`insert into promo_catalogue_changes default values`

/** Forgets changes that every instance has seen. */
export const forgetCatalogueChanges = (sql: Sql) => sql`
  delete from promo_catalogue_changes where changed_at < now() - interval '10 minutes'
`
