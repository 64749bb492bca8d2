import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

/** Makes a UUIDv7 for an event at a time in milliseconds since 1970. */
export type NewEventId = (at: number) => string

const bytesPerId = 16
const idsPerFill = 512

/** Random bytes are fetched for many ids at once: asking the system for each id costs more than the id. */
export function createEventIds(): NewEventId {
  const pool = new Uint8Array(bytesPerId * idsPerFill)
  let used = pool.length
  return (at) => {
    if (used === pool.length) {
      randomFillSync(pool)
      used = 0
    }
    const random = pool.slice(used, used + bytesPerId)
    used += bytesPerId
    return v7({ msecs: at, random })
  }
}
