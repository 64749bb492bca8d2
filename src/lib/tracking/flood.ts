import { LRUCache } from 'lru-cache'

/** Counts a click of a client address and tells whether it has had more than its clicks a minute. */
export type Flood = (address: string) => boolean

const minute = 60_000
/** Beyond so many addresses the one that has been silent for longest is forgotten. */
const mostAddresses = 100_000

export function createFlood(clicksPerMinute: number, now: () => number): Flood {
  const minutes = new LRUCache<string, { began: number; clicks: number }>({ max: mostAddresses })
  return (address) => {
    const time = now()
    const current = minutes.get(address)
    if (current && Math.abs(time - current.began) < minute) {
      current.clicks += 1
      return current.clicks > clicksPerMinute
    }
    minutes.set(address, { began: time, clicks: 1 })
    return false
  }
}
