import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../settings/config.ts'
import { type Fields, linkFields, parseFields } from '../settings/strapi-fields.ts'
import type { StrapiPlace } from '../strapi/client.ts'

export type StrapiSettings = StrapiPlace & { fields: Fields }

/** Where links come from; of `both`, Strapi comes first. */
export type LinkSettings = { from: 'table' } | { from: 'strapi' | 'both'; strapi: StrapiSettings }

/** The settings are valid here: they were checked at the start. */
export function linkSettings(config: Config): LinkSettings {
  const {
    PROMO_LINKS: from,
    PROMO_STRAPI_URL: url,
    PROMO_STRAPI_TOKEN: token,
    PROMO_STRAPI_TYPE: type,
  } = config
  const fields = parseFields(linkFields, config.PROMO_STRAPI_FIELDS)
  if (from === 'table' || url === undefined || !fields.ok) return { from: 'table' }
  return { from, strapi: { url, token, type, fields: fields.value } }
}

/** Where the links of an earlier run are stored. */
export const tableFile = (folder: string): string => join(folder, 'links.json')
export const strapiFile = (folder: string): string => join(folder, 'strapi-links.json')

/** Whether an earlier run has left the links that it had. */
export const hasKnownLinks = (config: Config): boolean =>
  existsSync((config.PROMO_LINKS === 'table' ? tableFile : strapiFile)(config.PROMO_DATA_DIR))
