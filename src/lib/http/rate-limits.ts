import { RateLimiterMemory } from 'rate-limiter-flexible'
import { createNetworkReader } from '../base/address.ts'

/** Returns the seconds to wait if a client has used up its requests, else `undefined`. */
export type RateLimit = (address: string) => Promise<number | undefined>

/**
 * This many requests per minute for each client: an IPv4 address, or an IPv6 /64 network. Kept in memory, so each
 * instance counts for itself.
 */
export function limitPerMinute(requests: number): RateLimit {
  const limiter = new RateLimiterMemory({ points: requests, duration: 60 })
  const networkOf = createNetworkReader()
  return async (address) => {
    // Unlike `consume`, this counts without throwing.
    const { consumedPoints, msBeforeNext } = await limiter.penalty(networkOf(address))
    return consumedPoints > requests ? Math.max(1, Math.ceil(msBeforeNext / 1000)) : undefined
  }
}
