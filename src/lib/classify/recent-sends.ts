import { LRUCache } from 'lru-cache'
import { soonSeconds } from './judge.ts'

export type RecentSends = {
  /** Remembers when a send of a variation was first reported, in milliseconds since 1970. */
  note: (variationId: number, sendId: string, at: number) => void
  /** When the newest send of a variation was; -Infinity if none is known here. */
  newestOf: (variationId: number) => number
  /** Whether a click is so soon after the first click of the newest send that hardly anyone can have read it. */
  isSoonAfter: (variationId: number, at: number) => boolean
}

const mostVariations = 10_000

/** The newest send of each variation that this process knows of; the final verdict uses the database. */
export function createRecentSends(): RecentSends {
  const newest = new LRUCache<number, { sendId: string; at: number; first: number | null }>({
    max: mostVariations,
  })
  return {
    note(variationId, sendId, at) {
      // A second report of a send corrects its recipients; the send went out when it was first reported.
      if (newest.get(variationId)?.sendId !== sendId) newest.set(variationId, { sendId, at, first: null })
    },
    newestOf: (variationId) => newest.get(variationId)?.at ?? Number.NEGATIVE_INFINITY,
    isSoonAfter(variationId, at) {
      const send = newest.get(variationId)
      if (send === undefined || at < send.at) return false
      send.first ??= at
      return at >= send.first && at - send.first < soonSeconds * 1000
    },
  }
}
