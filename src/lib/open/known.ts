import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../base/log.ts'
import { createQueue } from '../base/queue.ts'
import { ok } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import { keepFresh } from '../links/keep-fresh.ts'
import type { LinkSettings } from '../links/link-settings.ts'
import { openStrapiLinks, type StrapiLinks } from '../links/strapi-links.ts'
import { createTableLinks } from '../links/table-links.ts'
import { joinLinks, type Links, logBoth, slugsInBoth } from '../links/two-sources.ts'
import { readCatalogueVersion } from '../store/catalogue-changes.ts'
import { createVariations } from '../tracking/variations.ts'

const elapsed = () => performance.now()

type KnownOptions = { database: Database; folder: string; log: Log; from?: LinkSettings }

/**
 * Links and variations in memory, kept fresh in the background, with their snapshots in `folder`. Links come from this
 * project's own table unless `from` says otherwise.
 */
export function openKnown({ database, folder, log, from = { from: 'table' } }: KnownOptions) {
  const parts = { database, folder, elapsed, log, inTurn: createQueue() }
  const sources = openSources(parts, from)
  const { table, strapi } = sources
  const variations = createVariations(parts)
  const fresh = keepFresh({
    caches: table ? [table, variations] : [variations],
    async readVersion() {
      const read = await database.run(readCatalogueVersion)
      if (!read.ok) return read
      const version = JSON.stringify(read.value)
      strapi?.follow(version)
      return ok(version)
    },
    elapsed,
    log,
  })
  return {
    ...sources,
    variations,
    /** Fetches what is in the database again. */
    refresh: fresh.refresh,
    /** Resolves when the first request to Strapi has ended, or after `wait` milliseconds. */
    async asked(wait: number): Promise<void> {
      if (strapi) await Promise.race([strapi.attempted, sleep(wait, undefined, { ref: false })])
    },
    /** Resolves when what is under way has ended. */
    async stop() {
      await Promise.all([fresh.stop(), strapi?.stop()])
    },
  }
}

type Sources = {
  links: Links
  table?: ReturnType<typeof createTableLinks>
  strapi?: StrapiLinks
  /** The slugs that are in Strapi and in the table. */
  inBoth: () => string[]
}

function openSources(parts: Parameters<typeof createTableLinks>[0], settings: LinkSettings): Sources {
  const none = () => []
  if (settings.from === 'table') {
    const table = createTableLinks(parts)
    return { links: table, table, inBoth: none }
  }
  if (settings.from === 'strapi') {
    const strapi = openStrapiLinks({ ...parts, settings: settings.strapi, onFetched: () => {} })
    return { links: strapi.cache, strapi, inBoth: none }
  }
  const table = createTableLinks(parts)
  const log = logBoth(parts.log)
  const inBoth = () => slugsInBoth(strapi.cache, table)
  const strapi = openStrapiLinks({ ...parts, settings: settings.strapi, onFetched: () => log(inBoth()) })
  return { links: joinLinks(strapi.cache, table), table, strapi, inBoth }
}
