import { RateLimiterMemory } from 'rate-limiter-flexible'

/** Answers the seconds to wait where a client has used up its requests a minute, else `undefined`. */
export type RateLimit = (address: string) => Promise<number | undefined>

/** So many requests a minute for each client address. Kept in memory, so each instance counts for itself. */
export function limitPerMinute(requests: number): RateLimit {
  const limiter = new RateLimiterMemory({ points: requests, duration: 60 })
  return async (address) => {
    // Unlike `consume` this counts without throwing.
    const { consumedPoints, msBeforeNext } = await limiter.penalty(address)
    return consumedPoints > requests ? Math.max(1, Math.ceil(msBeforeNext / 1000)) : undefined
  }
}
