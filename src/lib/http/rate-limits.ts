import { RateLimiterMemory } from 'rate-limiter-flexible'
import { createNetworkReader } from '../classify/address.ts'

/** Answers the seconds to wait where a client, or whatever the key names, has used up its requests, else `undefined`. */
export type RateLimit = (key: string) => Promise<number | undefined>

/** A limit on what fails: `giveBack` takes back what a request counted that turned out well. */
export type FaultLimit = RateLimit & { giveBack: (key: string) => Promise<unknown> }

/** So many requests a minute for each client. Kept in memory, so each instance counts for itself. */
export const limitPerMinute = (requests: number): RateLimit => limitClients(requests, 60)

/** So many requests in so many seconds for each client: an IPv4 address, or a network of 64 bits. */
export function limitClients(requests: number, seconds: number): FaultLimit {
  const limit = limitRequests(requests, seconds)
  const networkOf = createNetworkReader()
  return Object.assign((address: string) => limit(networkOf(address)), {
    giveBack: (address: string) => limit.giveBack(networkOf(address)),
  })
}

/** So many requests in so many seconds for each key. */
export function limitRequests(requests: number, seconds: number): FaultLimit {
  const limiter = new RateLimiterMemory({ points: requests, duration: seconds })
  const take: RateLimit = async (key) => {
    // Unlike `consume` this counts without throwing.
    const { consumedPoints, msBeforeNext } = await limiter.penalty(key)
    return consumedPoints > requests ? Math.max(1, Math.ceil(msBeforeNext / 1000)) : undefined
  }
  return Object.assign(take, { giveBack: (key: string) => limiter.reward(key) })
}
