import { join } from 'node:path'
import type { Log } from '../base/log.ts'
import type { InTurn } from '../base/queue.ts'
import type { Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault } from '../database/sql.ts'
import { type CacheState, createRefreshingCache, type RefreshingCache } from '../links/refreshing-cache.ts'
import { createSnapshot } from '../links/snapshot.ts'
import { type Variation, variationSchema } from '../model/variation.ts'
import { createVariationSource } from './variation-source.ts'

export type Variations = RefreshingCache<number, Variation> &
  CacheState & {
    /** Asks the database, for up to a second. */
    find(id: number): Promise<Result<Variation | undefined, DatabaseFault>>
  }

/** All variations in memory, with their snapshot in `folder`. */
export function createVariations(options: {
  database: Database
  folder: string
  /** A monotonic clock in milliseconds. */
  elapsed: () => number
  log: Log
  /** For writing the snapshot. */
  inTurn: InTurn
}): Variations {
  const { database, folder, elapsed, log, inTurn } = options
  const path = join(folder, 'variations.json')
  const snapshot = createSnapshot<Variation>({ path, log, inTurn })
  const source = createVariationSource(database)
  const cache = createRefreshingCache({
    name: 'variations',
    ...source,
    schema: variationSchema,
    keyField: 'variation_id',
    keyOf: ({ variation_id }) => variation_id,
    prepare: (variation) => variation,
    elapsed,
    initial: snapshot.read(),
    onFetched: snapshot.write,
    log,
  })
  return Object.assign(cache, { find: source.find })
}
