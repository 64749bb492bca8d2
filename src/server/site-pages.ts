import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'

/** The built site: `dist` has its files and, in `pages.json`, the paths of one word that are pages of the site. */
export const dist = join(import.meta.dirname, '../../dist')

const pagesSchema = v.array(v.string())

/** The words that the site's own pages and files have for paths: no promo link hides one. None where nothing is built. */
export function readSitePages(folder = dist): ReadonlySet<string> {
  const path = join(folder, 'pages.json')
  if (!existsSync(path)) return new Set()
  return new Set(v.parse(pagesSchema, JSON.parse(readFileSync(path, 'utf8'))))
}
