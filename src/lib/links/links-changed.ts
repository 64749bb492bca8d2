import type { Database } from '../database/database.ts'
import { type Answer, faultAnswer, noContent } from '../http/answer.ts'
import { noteCatalogueChange } from '../store/catalogue-changes.ts'
import type { StrapiLinks } from './strapi-links.ts'

/** The longest that a webhook's sender waits for the database, in milliseconds. */
const deadline = 1_000

/**
 * Strapi reports a change: all instances fetch links and offers again within a second. Without the database only this
 * one knows; the others notice later by themselves.
 */
export async function linksChanged(
  database: Database,
  strapi: Pick<StrapiLinks, 'refresh'> | undefined,
): Promise<Answer> {
  const noted = await database.run(noteCatalogueChange, deadline)
  if (noted.ok) return noContent()
  void strapi?.refresh()
  return faultAnswer({
    error: 'database_unavailable',
    message:
      'The database does not answer. Changed links take effect within ten seconds all the same, ' +
      'changed offers once it answers.',
  })
}
