import { RateLimiterMemory } from 'rate-limiter-flexible'
import { createAddressReader } from '../classify/address.ts'

/** Answers the seconds to wait where a client, or whatever the key names, has used up its requests, else `undefined`. */
export type RateLimit = (key: string) => Promise<number | undefined>

/** A limit on what fails: `giveBack` takes back what a request counted that turned out well. */
export type FaultLimit = RateLimit & { giveBack: (key: string) => Promise<unknown> }

/** So many requests a minute for each client. Kept in memory, so each instance counts for itself. */
export const limitPerMinute = (requests: number): RateLimit => limitClients(requests, 60)

/**
 * So many requests in so many seconds for each client address. Whoever has one IPv6 address has the whole /64 network that
 * it is in (RFC 4291, section 2.5.1), so that counts as one client; an IPv4 address in IPv6 form is an IPv4 address.
 */
export function limitClients(requests: number, seconds: number): FaultLimit {
  const limit = limitRequests(requests, seconds)
  const { bytes, read } = createAddressReader()
  const clientOf = (address: string): string => {
    const family = read(address)
    if (family === 6) return `${bytes.getBigUint64(0).toString(16)}/64`
    return family === 4 ? String(bytes.getUint32(12)) : address
  }
  return Object.assign((address: string) => limit(clientOf(address)), {
    giveBack: (address: string) => limit.giveBack(clientOf(address)),
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
