import { LRUCache } from 'lru-cache'

/** Counts a click of a client address, at a time in milliseconds since 1970, and tells whether it has had more than its clicks a minute. */
export type Flood = (address: string, at: number) => boolean

const minute = 60_000
/** Beyond so many addresses the one that has been silent for longest is forgotten. */
const mostAddresses = 100_000

export function createFlood(clicksPerMinute: number): Flood {
  const minutes = new LRUCache<string, { began: number; clicks: number }>({ max: mostAddresses })
  return (address, at) => {
    const current = minutes.get(address)
    if (current && Math.abs(at - current.began) < minute) {
      current.clicks += 1
      return current.clicks > clicksPerMinute
    }
    minutes.set(address, { began: at, clicks: 1 })
    return false
  }
}
