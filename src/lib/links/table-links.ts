import type { Log } from '../base/log.ts'
import type { InTurn } from '../base/queue.ts'
import type { Database } from '../database/database.ts'
import { linkSchema } from '../model/link.ts'
import { destinationOf } from './destination.ts'
import { tableFile } from './link-settings.ts'
import { createRefreshingCache } from './refreshing-cache.ts'
import { createSnapshot } from './snapshot.ts'
import { createTableSource } from './table-source.ts'

/** Links from this project's own table in memory, with their snapshot in `folder`. */
export function createTableLinks(options: {
  database: Database
  folder: string
  /** A monotonic clock in milliseconds. */
  elapsed: () => number
  log: Log
  /** For writing the snapshot. */
  inTurn: InTurn
}) {
  const { database, folder, elapsed, log, inTurn } = options
  const snapshot = createSnapshot({ path: tableFile(folder), log, inTurn })
  return createRefreshingCache({
    name: 'links',
    ...createTableSource(database),
    schema: linkSchema,
    keyField: 'slug',
    keyOf: ({ slug }) => slug,
    prepare: destinationOf,
    elapsed,
    initial: snapshot.read(),
    onFetched: snapshot.write,
    log,
  })
}
