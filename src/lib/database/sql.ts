import type postgres from 'postgres'

/** The pool, or a transaction on it. */
export type Sql = postgres.ISql

/** A part of a statement. */
export type Fragment = postgres.PendingQuery<postgres.Row[]>

/**
 * Why a statement failed. `unavailable` and `timeout`: try later. `conflict`: try again, another writer interfered; if
 * a unique or foreign `key` was violated, it may never work. `refused`: the data will never be accepted. `unsuitable`:
 * nothing may be done until a person has fixed what the message says.
 */
export type DatabaseFault = {
  code: 'unavailable' | 'timeout' | 'conflict' | 'refused' | 'unsuitable'
  message: string
  key?: true
}
