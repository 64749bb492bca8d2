import { LRUCache } from 'lru-cache'
import type { Result } from '../result.ts'

/**
 * All rows of a small table by key, so that no request waits for the database or fails with it: fresh for 30
 * seconds, then served while it is fetched anew, and served without limit while fetching fails. A key that is not
 * there is asked for singly, and remembered as absent for a short while; while several are asked for, further ones count as
 * absent, so that made-up keys cannot keep the database busy.
 */
export type RefreshingCache<Key extends string | number, Value> = {
  /** Synchronous for every known key. `undefined` means that there is no such row, as far as can be known. */
  get(key: Key): Value | undefined | Promise<Value | undefined>
  /** What is in memory. `undefined` does not mean that there is no such row: nobody is asked. */
  peek(key: Key): Value | undefined
  /** Fetches everything; answers whether that worked. */
  refresh(): Promise<boolean>
  /** Whether the last fetch worked, so that "absent" can be believed. */
  readonly current: boolean
  readonly size: number
}

const freshFor = 30_000
const absentFor = 5_000
const retryAfter = 1_000
const findsAtOnce = 4

export function createRefreshingCache<Key extends string | number, Row, Value = Row>(options: {
  list: () => Promise<Result<Row[], unknown>>
  find: (key: Key) => Promise<Result<Row | undefined, unknown>>
  keyOf: (row: Row) => Key
  /** What is kept of a row. */
  prepare: (row: Row) => Value
  now: () => number
  /** What is known before the first fetch: the snapshot of an earlier run. */
  initial: readonly Row[]
  /** Called with all rows after each fetch. */
  onFetched: (rows: Row[]) => void
}): RefreshingCache<Key, Value> {
  const { list, find, keyOf, prepare, now, initial, onFetched } = options
  const prepareAll = (fetched: readonly Row[]) => new Map(fetched.map((row) => [keyOf(row), prepare(row)]))
  let rows = prepareAll(initial)
  let attemptedAt = Number.NEGATIVE_INFINITY
  let current = false
  let refreshing: Promise<boolean> | undefined
  const absent = new LRUCache<Key, true>({ max: 10_000, ttl: absentFor, perf: { now } })
  const finding = new Map<Key, Promise<Value | undefined>>()

  const refresh = (): Promise<boolean> => {
    refreshing ??= (async () => {
      attemptedAt = now()
      const listed = await list()
      current = listed.ok
      if (listed.ok) {
        rows = prepareAll(listed.value)
        absent.clear()
        onFetched(listed.value)
      }
      return current
    })().finally(() => {
      refreshing = undefined
    })
    return refreshing
  }

  const findOne = async (key: Key): Promise<Value | undefined> => {
    const found = await find(key)
    if (!found.ok) {
      current = false
      return undefined
    }
    if (found.value === undefined) {
      absent.set(key, true)
      return undefined
    }
    const value = prepare(found.value)
    rows.set(key, value)
    return value
  }

  const peek = (key: Key): Value | undefined => {
    if (Math.abs(now() - attemptedAt) >= (current ? freshFor : retryAfter)) void refresh()
    return rows.get(key)
  }

  return {
    peek,
    get(key) {
      const row = peek(key)
      if (row !== undefined || !current || absent.has(key)) return row
      if (finding.size >= findsAtOnce && !finding.has(key)) return undefined
      const asked = finding.get(key) ?? findOne(key).finally(() => finding.delete(key))
      finding.set(key, asked)
      return asked
    },
    refresh,
    get current() {
      return current
    },
    get size() {
      return rows.size
    },
  }
}
