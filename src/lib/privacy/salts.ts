import { randomBytes } from 'node:crypto'
import { bytesOf } from '../base/hex.ts'
import type { Log } from '../base/log.ts'
import type { Database } from '../database/database.ts'
import { keepSalt } from '../store/salts.ts'
import { saltMonth, type VisitorHash, visitorHashWith } from './visitor-hash.ts'

export type Salts = {
  /** Hashes visitors in the month of a time (milliseconds since 1970); `undefined` without its salt. */
  hashAt(time: number): VisitorHash | undefined
  /** Fetches, or creates, the salts of this month and, from a day before it begins, of the next. */
  refresh(): Promise<void>
}

const hour = 3_600_000
const day = 24 * hour
/** In bytes. */
const saltLength = 32

/** Salts are only in the database: a copy on disk would outlive their deletion. */
export function createSalts(options: { database: Database; now: () => number; log: Log }): Salts {
  const { database, now, log } = options
  const hashes = new Map<string, VisitorHash>()
  /** Months begin at full hours, so caching the last hour saves most look-ups. */
  let last: { hour: number; hash: VisitorHash } | undefined

  const fetch = async (month: string): Promise<void> => {
    if (hashes.has(month)) return
    const kept = await database.run((sql) => keepSalt(sql, month, randomBytes(saltLength)))
    const salt = kept.ok ? bytesOf(kept.value[0]?.salt, saltLength) : undefined
    if (salt) hashes.set(month, visitorHashWith(salt))
    else log.warn({ month }, 'no salt for this month yet: clicks are recorded without a visitor hash')
  }

  return {
    hashAt(time) {
      const asked = Math.floor(time / hour)
      if (last?.hour === asked) return last.hash
      const hash = hashes.get(saltMonth(time))
      if (hash) last = { hour: asked, hash }
      return hash
    },
    async refresh() {
      const months = [saltMonth(now()), saltMonth(now() + day)]
      for (const month of hashes.keys()) if (!months.includes(month)) hashes.delete(month)
      for (const month of new Set(months)) await fetch(month)
    },
  }
}
