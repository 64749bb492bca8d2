import { randomBytes } from 'node:crypto'
import type { Log } from '../operations/log.ts'
import type { Database } from '../store/database.ts'
import { keepSalt } from '../store/salts.ts'
import { saltMonth } from './visitor-hash.ts'

export type Salts = {
  /** The salt of the month that a time (milliseconds since 1970) lies in; without one the address is not hashed. */
  at(time: number): Buffer | undefined
  /** Fetches, or makes, the salts of this month and, from a day before it begins, of the next. */
  refresh(): Promise<void>
}

const day = 24 * 3600 * 1000

/** Salts live in the database alone: on disk here they would outlive their deletion there. */
export function createSalts(options: { database: Database; now: () => number; log: Log }): Salts {
  const { database, now, log } = options
  const salts = new Map<string, Buffer>()

  const fetch = async (month: string): Promise<void> => {
    if (salts.has(month)) return
    const kept = await database.run((sql) => keepSalt(sql, month, randomBytes(32)))
    const salt = kept.ok ? kept.value[0]?.salt : undefined
    if (salt) salts.set(month, salt)
    else log.warn({ month }, 'no salt for this month yet, clicks are recorded without a visitor hash')
  }

  return {
    at: (time) => salts.get(saltMonth(time)),
    async refresh() {
      const months = [saltMonth(now()), saltMonth(now() + day)]
      for (const month of salts.keys()) if (!months.includes(month)) salts.delete(month)
      for (const month of new Set(months)) await fetch(month)
    },
  }
}
