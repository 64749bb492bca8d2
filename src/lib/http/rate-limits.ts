import { RateLimiterMemory } from 'rate-limiter-flexible'

/** Answers the seconds to wait where a client, or whatever the key names, has used up its requests, else `undefined`. */
export type RateLimit = (key: string) => Promise<number | undefined>

/** So many requests a minute for each client address. Kept in memory, so each instance counts for itself. */
export const limitPerMinute = (requests: number): RateLimit => limitRequests(requests, 60)

/** So many requests in so many seconds for each key. */
export function limitRequests(requests: number, seconds: number): RateLimit {
  const limiter = new RateLimiterMemory({ points: requests, duration: seconds })
  return async (key) => {
    // Unlike `consume` this counts without throwing.
    const { consumedPoints, msBeforeNext } = await limiter.penalty(key)
    return consumedPoints > requests ? Math.max(1, Math.ceil(msBeforeNext / 1000)) : undefined
  }
}
