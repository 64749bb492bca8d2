import { ok, type Result } from '../base/result.ts'
import type { Config } from '../settings/config.ts'
import { openStrapi, type StrapiFault } from '../strapi/client.ts'
import { linkSettings } from './link-settings.ts'
import { keyOfRow } from './rows.ts'
import { createStrapiSource } from './strapi-source.ts'

/** The slugs of the links that Strapi has now; none if links do not come from there. */
export async function listStrapiSlugs(config: Config): Promise<Result<ReadonlySet<string>, StrapiFault>> {
  const settings = linkSettings(config)
  if (settings.from === 'table') return ok(new Set())
  const elapsed = () => performance.now()
  const strapi = openStrapi({ ...settings.strapi, elapsed })
  const listed = await createStrapiSource({ strapi, fields: settings.strapi.fields, elapsed }).list()
  return listed.ok ? ok(new Set(listed.value.rows.map((row) => keyOfRow(row, 'slug')))) : listed
}
