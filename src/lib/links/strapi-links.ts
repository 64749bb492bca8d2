import type { Log } from '../base/log.ts'
import type { InTurn } from '../base/queue.ts'
import { ok } from '../base/result.ts'
import { linkSchema } from '../model/link.ts'
import { openStrapi, type StrapiFault } from '../strapi/client.ts'
import { type Destination, destinationOf } from './destination.ts'
import { keepFresh } from './keep-fresh.ts'
import { type StrapiSettings, strapiFile } from './link-settings.ts'
import { type CacheState, createRefreshingCache, type RefreshingCache } from './refreshing-cache.ts'
import { createSnapshot } from './snapshot.ts'
import { createStrapiSource } from './strapi-source.ts'

export type StrapiLinks = {
  cache: RefreshingCache<string, Destination> & CacheState
  /** Why the last request failed, if it did. */
  readonly fault: StrapiFault | undefined
  /** Fetches them again at once if the version of the catalogue has changed. */
  follow(version: string): void
  /** Resolves when the first fetch has ended, successfully or not. */
  attempted: Promise<unknown>
  refresh(): Promise<boolean>
  stop(): Promise<void>
}

/** Milliseconds after which a fetch that failed is tried again. */
const retryEvery = 2_000

/**
 * Links from Strapi in memory, refreshed independently of the database: if one is unavailable or slow, the other goes
 * on. An instance that learns of a change from Strapi records it in the database, which all instances follow.
 */
export function openStrapiLinks(options: {
  settings: StrapiSettings
  folder: string
  elapsed: () => number
  log: Log
  /** For writing the snapshot. */
  inTurn: InTurn
  onFetched: () => void
}): StrapiLinks {
  const { settings, folder, elapsed, log, inTurn, onFetched } = options
  const strapi = openStrapi({ ...settings, elapsed })
  const source = createStrapiSource({ strapi, fields: settings.fields, elapsed })
  const snapshot = createSnapshot({ path: strapiFile(folder), log, inTurn })
  const cache = createRefreshingCache({
    name: 'links of Strapi',
    list: source.list,
    find: source.find,
    schema: linkSchema,
    keyField: 'told',
    keyOf: ({ slug }) => slug,
    prepare: destinationOf,
    elapsed,
    initial: snapshot.read(),
    onFetched(rows) {
      snapshot.write(rows)
      onFetched()
    },
    log,
  })
  let seen = ''
  const fresh = keepFresh({
    caches: [cache],
    readVersion: async () => ok(seen),
    elapsed,
    log,
    retryEvery,
  })
  return {
    cache,
    get fault() {
      return source.fault
    },
    follow(version) {
      seen = version
      fresh.look()
    },
    attempted: fresh.refresh(),
    refresh: fresh.refresh,
    async stop() {
      strapi.stop()
      await fresh.stop()
    },
  }
}
