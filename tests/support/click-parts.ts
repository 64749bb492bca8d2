import type { Acceptance } from '../../src/lib/buffer/arrivals.ts'
import type { WriteBuffer } from '../../src/lib/buffer/batch.ts'
import type { RefreshingCache } from '../../src/lib/links/refreshing-cache.ts'
import type { TrackingEvent } from '../../src/lib/model/event.ts'

/** Rows in memory as the site knows them, which never change. */
export function rowsOf<Key extends string | number, Value>(
  entries: [Key, Value][],
): RefreshingCache<Key, Value> {
  const rows = new Map(entries)
  const get = (key: Key) => rows.get(key)
  return {
    get,
    peek: get,
    refresh: async () => true,
    current: true,
    size: rows.size,
    values: () => rows.values(),
  }
}

/** A buffer that hands over what it accepts and writes nothing: for tests of the steps before it. */
export const handingOver = (
  take: (event: TrackingEvent) => void,
  acceptance: Acceptance = 'journaled',
): WriteBuffer => ({
  accept: async (event) => {
    take(event)
    return acceptance
  },
  next: () => undefined,
  setAside: () => {},
  recall: () => {},
  restore: async () => {},
  ready: 0,
  remove: () => {},
  adopt: () => {},
  depth: 0,
  unchecked: 0,
  collected: 0,
  oldest: undefined,
  fault: undefined,
})
