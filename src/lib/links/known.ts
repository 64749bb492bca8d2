import { join } from 'node:path'
import type { Log } from '../operations/log.ts'
import { createQueue } from '../queue.ts'
import { ok } from '../result.ts'
import { readCatalogueVersion } from '../store/catalogue-changes.ts'
import type { Database } from '../store/database.ts'
import { openVariations } from '../tracking/variations.ts'
import { destinationOf } from './destination.ts'
import { keepFresh } from './keep-fresh.ts'
import { linkSchema } from './link.ts'
import { createRefreshingCache } from './refreshing-cache.ts'
import { openSnapshot } from './snapshot.ts'
import { createTableSource } from './table-source.ts'

/** Where the links of an earlier run are. */
export const linksFile = (folder: string): string => join(folder, 'links.json')

const elapsed = () => performance.now()

/** Links and variations in memory, kept fresh in the background, with their snapshots in `folder`. */
export function openKnown({ database, folder, log }: { database: Database; folder: string; log: Log }) {
  const inTurn = createQueue()
  const linkSnapshot = openSnapshot({ path: linksFile(folder), log, inTurn })
  const links = createRefreshingCache({
    name: 'links',
    ...createTableSource(database),
    schema: linkSchema,
    keyField: 'slug',
    keyOf: ({ slug }) => slug,
    prepare: destinationOf,
    elapsed,
    initial: linkSnapshot.read(),
    onFetched: linkSnapshot.write,
    log,
  })
  const variations = openVariations({ database, folder, elapsed, log, inTurn })
  const fresh = keepFresh({
    caches: [links, variations],
    async readVersion() {
      const read = await database.run(readCatalogueVersion)
      return read.ok ? ok(JSON.stringify(read.value)) : read
    },
    elapsed,
    log,
  })
  return { links, variations, ...fresh }
}
