import { LRUCache } from 'lru-cache'
import type * as v from 'valibot'
import type { Log } from '../base/log.ts'
import type { Result } from '../base/result.ts'
import { keyOfRow, type LeftOut, readRow } from './rows.ts'

/**
 * All rows of a small table by key, so that no request waits for the database or fails with it. Somebody else refreshes
 * it (`keep-fresh.ts`); while that fails, the known rows are served without limit. An unknown key is looked up singly,
 * and remembered as absent until the next refresh; while several look-ups are running, further keys count as absent, so
 * that made-up keys cannot load the database.
 */
export type RefreshingCache<Key extends string | number, Value> = {
  /** Synchronous for every known key. `undefined` means that there is no such row, as far as can be known. */
  get(key: Key): Value | undefined | Promise<Value | undefined>
  /** Only looks in memory: `undefined` does not mean that there is no such row. */
  peek(key: Key): Value | undefined
  /** Fetches everything; returns whether that worked. */
  refresh(): Promise<boolean>
  /** Whether the last fetch worked, so that "absent" is reliable. */
  readonly current: boolean
  readonly size: number
  values(): Iterable<Value>
}

/**
 * The contents of a source: its rows, each to be validated by itself, whether it is empty, and what could not be turned
 * into a row.
 */
export type Listing = { rows: readonly unknown[]; empty: boolean; leftOut?: readonly LeftOut[] }

export type CacheState = {
  /** Invalid rows, which were left out. */
  readonly leftOut: readonly LeftOut[]
  /** Milliseconds since the last fetch that worked, where later ones failed; else 0. */
  readonly failingFor: number
}

const findsAtOnce = 4
/** A database without tables is just being migrated, or what prevents that is reported elsewhere. */
const isUnmigrated = (reason: string): boolean => reason.endsWith('(42P01)')

/**
 * Milliseconds for which a source that had rows has to be empty before that is believed: a restore empties tables for a
 * moment, and without links readers would get a 404.
 */
const doubtFor = 10_000
const mostLogged = 20

export function createRefreshingCache<Key extends string | number, Row, Value = Row>(options: {
  /** What the rows are called in the log. */
  name: string
  list: () => Promise<Result<Listing, { message: string }>>
  find: (key: Key) => Promise<Result<unknown, unknown>>
  schema: v.GenericSchema<unknown, Row>
  /** The field that identifies an invalid row. */
  keyField: string
  keyOf: (row: Row) => Key
  /** What is kept of a row. */
  prepare: (row: Row) => Value
  /** A monotonic clock in milliseconds. */
  elapsed: () => number
  /** The initial rows: the snapshot of an earlier run. */
  initial: readonly unknown[]
  /** Called with all valid rows after each fetch. */
  onFetched: (rows: Row[]) => void
  log: Log
}): RefreshingCache<Key, Value> & CacheState {
  const { name, list, find, schema, keyField, keyOf, prepare, elapsed, initial, onFetched, log } = options
  let rows = new Map<Key, Value>()
  let leftOut: readonly LeftOut[]
  let loggedLeftOut = '[]'
  let failingSince: number | undefined = elapsed()
  let loggedFault: string | undefined
  let emptySince: number | undefined
  let fetches = 0
  let refreshing: Promise<boolean> | undefined
  const absent = new LRUCache<Key, true>({ max: 10_000 })
  const finding = new Map<Key, Promise<Value | undefined>>()

  const take = (listed: readonly unknown[], leftOutBefore: readonly LeftOut[] = []): Row[] => {
    const kept: Row[] = []
    const faults = [...leftOutBefore]
    const next = new Map<Key, Value>()
    for (const source of listed) {
      const read = readRow(schema, prepare, source)
      if (!read.ok) {
        faults.push({ key: keyOfRow(source, keyField), reason: read.fault })
        continue
      }
      kept.push(read.value.row)
      next.set(keyOf(read.value.row), read.value.value)
    }
    rows = next
    leftOut = faults
    logLeftOut()
    return kept
  }

  const logLeftOut = (): void => {
    const text = JSON.stringify(leftOut)
    if (text === loggedLeftOut) return
    loggedLeftOut = text
    const about = { [name]: leftOut.slice(0, mostLogged), count: leftOut.length }
    if (leftOut.length > 0) log.error(about, `${name} that cannot be read are left out: correct these rows`)
    else log.info(`all ${name} can be read again`)
  }

  const failing = (reason: string): boolean => {
    failingSince ??= elapsed()
    if (reason !== loggedFault && !isUnmigrated(reason))
      log.warn({ reason }, `${name} could not be fetched; those already known are kept`)
    loggedFault = reason
    return false
  }

  /** Whether rows may be forgotten because the source is empty. */
  const isCredible = ({ empty }: Listing): boolean => {
    if (!empty || rows.size === 0) return true
    emptySince ??= elapsed()
    return elapsed() - emptySince >= doubtFor
  }

  const fetchAll = async (): Promise<boolean> => {
    const listed = await list()
    if (listed.ok && !isCredible(listed.value)) return failing('there are suddenly none')
    emptySince = undefined
    if (!listed.ok) return failing(listed.fault.message)
    failingSince = undefined
    loggedFault = undefined
    fetches += 1
    absent.clear()
    onFetched(take(listed.value.rows, listed.value.leftOut))
    return true
  }

  const refresh = (): Promise<boolean> => {
    refreshing ??= fetchAll().finally(() => {
      refreshing = undefined
    })
    return refreshing
  }

  const findOne = async (key: Key): Promise<Value | undefined> => {
    const before = fetches
    const found = await find(key)
    if (!found.ok) {
      failingSince ??= elapsed()
      return undefined
    }
    const read = readRow(schema, prepare, found.value)
    const value = read.ok ? read.value.value : undefined
    // What was looked up during the fetch may be older than it.
    if (before !== fetches) return value
    if (value === undefined) absent.set(key, true)
    else rows.set(key, value)
    return value
  }

  const peek = (key: Key): Value | undefined => rows.get(key)

  take(initial)

  return {
    peek,
    get(key) {
      const row = rows.get(key)
      if (row !== undefined || failingSince !== undefined || absent.has(key)) return row
      if (finding.size >= findsAtOnce && !finding.has(key)) return undefined
      const asked = finding.get(key) ?? findOne(key).finally(() => finding.delete(key))
      finding.set(key, asked)
      return asked
    },
    refresh,
    get current() {
      return failingSince === undefined
    },
    get size() {
      return rows.size
    },
    values: () => rows.values(),
    get leftOut() {
      return leftOut
    },
    get failingFor() {
      return failingSince === undefined ? 0 : elapsed() - failingSince
    },
  }
}
