import { LRUCache } from 'lru-cache'

/**
 * Counts a click of a client, at a time in milliseconds since 1970, and returns whether it has exceeded its clicks per
 * minute.
 */
export type Flood = (network: string, at: number) => boolean

const minute = 60_000
/** Beyond this many clients, the least recently seen one is forgotten. */
const mostClients = 100_000

export function createFlood(clicksPerMinute: number): Flood {
  const minutes = new LRUCache<string, { began: number; clicks: number }>({ max: mostClients })
  return (network, at) => {
    const current = minutes.get(network)
    if (current && Math.abs(at - current.began) < minute) {
      current.clicks += 1
      return current.clicks > clicksPerMinute
    }
    minutes.set(network, { began: at, clicks: 1 })
    return false
  }
}
