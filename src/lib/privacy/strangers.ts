import { randomBytes } from 'node:crypto'
import type { Identity } from '../model/visitor.ts'
import { visitorHashWith } from './visitor-hash.ts'

/** The identity, for this process only, of somebody of whom nothing is stored; `at` in milliseconds since 1970. */
export type Strangers = (network: string, userAgent: string, at: number) => Identity

const half = 12 * 3_600_000

/**
 * Visitors who opt out of tracking, and those who arrive while there is no salt. Their hashes are made with a random
 * key that never leaves this process, and are never stored: they only show whether somebody has clicked before.
 */
export function createStrangers(key: Uint8Array = randomBytes(32)): Strangers {
  let began = Number.NEGATIVE_INFINITY
  let hash = visitorHashWith(key)
  return (network, userAgent, at) => {
    if (Math.abs(at - began) >= half) {
      // What the hash caches about addresses is dropped with it.
      hash = visitorHashWith(key)
      began = at
    }
    return hash(network, userAgent)
  }
}
