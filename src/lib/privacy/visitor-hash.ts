import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/** The month of a time in milliseconds, as salts are named: its first day, in UTC. */
export const saltMonth = (time: number): string => `${new Date(time).toISOString().slice(0, 7)}-01`

/**
 * A client address as 64 hexadecimal digits that nobody can link to the address, or to another month's hashes, once
 * the month's salt is deleted.
 */
export type VisitorHash = (address: string) => string

const blockSize = 64
const innerPad = 0x36
const outerPad = 0x5c
/** Gateways and offices send many clicks from one address; their hash is worked out once. */
const rememberedAddresses = 5_000

/**
 * HMAC-SHA-256 (RFC 2104, section 2) under a salt of at most 64 bytes, in two plain hashes: an object of Node's own
 * `createHmac` for each click costs half as much as all the rest of its redirect.
 */
export function visitorHashWith(salt: Uint8Array): VisitorHash {
  const key = Buffer.alloc(blockSize)
  key.set(salt)
  const inner = key.map((byte) => byte ^ innerPad)
  const outer = key.map((byte) => byte ^ outerPad)
  const recent = new LRUCache<string, string>({ max: rememberedAddresses })
  return (address) => {
    const known = recent.get(address)
    if (known !== undefined) return known
    const message = hash('sha256', Buffer.concat([inner, Buffer.from(plainAddress(address))]), 'buffer')
    const digest = hash('sha256', Buffer.concat([outer, message]), 'hex')
    recent.set(address, digest)
    return digest
  }
}

/** IPv4 addresses also arrive in IPv6 form; both are one visitor. */
export const plainAddress = (address: string): string =>
  address.replace(/^::ffff:(?=\d+\.)/i, '').toLowerCase()
