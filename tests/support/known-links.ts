import { createLog } from '../../src/lib/base/log.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { destinationOf } from '../../src/lib/links/destination.ts'
import { createRefreshingCache } from '../../src/lib/links/refreshing-cache.ts'
import { createTableSource } from '../../src/lib/links/table-source.ts'
import { linkSchema } from '../../src/lib/model/link.ts'

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
    log: createLog('silent'),
  })
  await links.refresh()
  return links
}
