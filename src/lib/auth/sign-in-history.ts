import { LRUCache } from 'lru-cache'
import type { Rank } from './hash-queue.ts'

type Try = { name: string; address: string }

/** How many addresses and names are remembered. */
const mostRemembered = 5_000
/** Failures without a delay: people mistype. */
const free = 3
const firstDelay = 500
const longestDelay = 5_000
/** Milliseconds without a failure after which they are forgotten. */
const forgottenAfter = 900_000

/**
 * Who signed in before, and who failed. A failure delays later attempts from its address, and those for its name from
 * addresses where that name never signed in; it never locks anybody out. `now` is in milliseconds.
 */
export function createSignInHistory(now: () => number) {
  const names = new LRUCache<string, true>({ max: mostRemembered })
  const pairs = new LRUCache<string, true>({ max: mostRemembered })
  const failures = new LRUCache<string, { count: number; at: number }>({ max: 2 * mostRemembered })

  const ofName = ({ name }: Try) => `name ${name}`
  const ofAddress = ({ address }: Try) => `address ${address}`
  const pairOf = ({ name, address }: Try) => `${address} ${name}`

  const countOf = (key: string): number => {
    const failed = failures.get(key)
    return failed && Math.abs(now() - failed.at) < forgottenAfter ? failed.count : 0
  }
  const delayOf = (key: string): number => {
    const beyond = countOf(key) - free
    return beyond < 0 ? 0 : Math.min(longestDelay, firstDelay * 2 ** beyond)
  }

  return {
    rankOf: (one: Try): Rank => (pairs.has(pairOf(one)) ? 0 : names.has(one.name) ? 1 : 2),
    /** Milliseconds by which an attempt is delayed. */
    delayOf: (one: Try): number =>
      pairs.has(pairOf(one))
        ? delayOf(ofAddress(one))
        : Math.max(delayOf(ofAddress(one)), delayOf(ofName(one))),
    succeeded(one: Try): void {
      names.set(one.name, true)
      pairs.set(pairOf(one), true)
      failures.delete(ofAddress(one))
    },
    failed(one: Try): void {
      for (const key of [ofAddress(one), ofName(one)])
        failures.set(key, { count: Math.min(countOf(key) + 1, 100), at: now() })
    },
  }
}
