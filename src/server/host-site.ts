import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import type { Connect } from './connect.ts'

/** What the integration writes about a site next to its server, for the server to read. */
export const siteFile = 'promo-tracking.json'

const path = v.pipe(
  v.string(),
  v.regex(/^(\/[^/?#\s]+)*$/, 'must be a path that begins with "/" and ends without'),
)

const siteSchema = v.object({
  /** What every path of the site begins with: Astro's `base`. */
  base: path,
  /** What our pages and endpoints have before their paths, after the base. */
  prefix: path,
  /** Paths of one word that are pages and files of the site: no promo link hides one. */
  pages: v.array(v.string()),
  /** A route of the site that is rendered on demand for any word; links come before its pages. */
  anyWord: v.optional(v.string()),
  /** Whether the site's own pages are protected as ours are. */
  strict: v.boolean(),
})

export type HostSite = v.InferOutput<typeof siteSchema>

/** A built site: what the integration knows of it, and its own handler. */
export type BuiltSite = { site: HostSite; handler: Connect }

/** The site in this folder of a server's files. Throws where it was built without the integration. */
export function readHostSite(folder: string): HostSite {
  const file = join(folder, siteFile)
  if (!existsSync(file))
    throw new Error(
      `${file} is missing: add promoTracking() to the integrations in astro.config.mjs, and build again`,
    )
  return v.parse(siteSchema, JSON.parse(readFileSync(file, 'utf8')))
}

/** The folder of the server whose code is at this address: a bundler may have put it into a folder below. */
export function serverFolderOf(moduleUrl: string): string {
  const start = dirname(fileURLToPath(moduleUrl))
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, siteFile))) return folder
    if (folder === dirname(folder)) return start
  }
}

/** What the paths of our pages and endpoints begin with in a site. */
export const rootOf = (site: Pick<HostSite, 'base' | 'prefix'> | undefined): string =>
  site ? `${site.base}${site.prefix}` : ''

/** The site that was built into this folder; `undefined` where nothing is built. */
export function readBuiltSite(dist = 'dist'): HostSite | undefined {
  const folder = join(dist, 'server')
  return existsSync(join(folder, siteFile)) ? readHostSite(folder) : undefined
}
