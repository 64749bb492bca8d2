import type postgres from 'postgres'

/** The pool, or a transaction on it. */
export type Sql = postgres.ISql

/** A part of a statement. */
export type Fragment = postgres.PendingQuery<postgres.Row[]>

/**
 * Why a statement brought no answer. `unavailable` and `timeout`: try later. `conflict`: try again, another
 * writer was in the way; where that shows by a `key`, unique or foreign, it may never work. `refused`: the data
 * will never be taken. `unsuitable`: nothing may be done there until a person has fixed what the message says.
 */
export type DatabaseFault = {
  code: 'unavailable' | 'timeout' | 'conflict' | 'refused' | 'unsuitable'
  message: string
  key?: true
}
