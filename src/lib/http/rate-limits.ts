import { RateLimiterMemory } from 'rate-limiter-flexible'
import { createNetworkReader } from '../base/address.ts'

/** Returns the seconds to wait if a client has used up its requests, else `undefined`. */
export type RateLimit = (address: string) => Promise<number | undefined>

/** Seconds. */
const window = 60

/**
 * This many requests per minute for each client: an IPv4 address, or an IPv6 /64 network. Kept in memory, so each
 * instance counts for itself.
 */
export function limitPerMinute(requests: number): RateLimit {
  const limiter = new RateLimiterMemory({ points: requests, duration: window })
  const networkOf = createNetworkReader()
  return async (address) => {
    // Unlike `consume`, this counts without throwing.
    const { consumedPoints, msBeforeNext } = await limiter.penalty(networkOf(address))
    if (consumedPoints <= requests) return undefined
    // It ends by a timer, but what is left of it is told by the clock, which may have been set back.
    return Math.min(window, Math.max(1, Math.ceil(msBeforeNext / 1000)))
  }
}
