import { destinationOf } from '../../src/lib/links/destination.ts'
import { linkSchema } from '../../src/lib/links/link.ts'
import { createRefreshingCache } from '../../src/lib/links/refreshing-cache.ts'
import { createTableSource } from '../../src/lib/links/table-source.ts'
import { openLog } from '../../src/lib/operations/log.ts'
import type { Database } from '../../src/lib/store/database.ts'

/** The links that are in a database now. */
export async function knownLinks(database: Database) {
  const links = createRefreshingCache({
    name: 'links',
    ...createTableSource(database),
    schema: linkSchema,
    keyField: 'slug',
    keyOf: ({ slug }) => slug,
    prepare: destinationOf,
    elapsed: () => 0,
    initial: [],
    onFetched: () => {},
    log: openLog('silent'),
  })
  await links.refresh()
  return links
}
