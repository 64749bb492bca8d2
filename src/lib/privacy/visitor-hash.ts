import { createHmac, type KeyObject } from 'node:crypto'

/** The month of a time in milliseconds, as salts are named: its first day, in UTC. */
export const saltMonth = (time: number): string => `${new Date(time).toISOString().slice(0, 7)}-01`

/**
 * A client address as 64 hexadecimal digits that nobody can link to the address, or to another month's hashes, once
 * the month's salt is deleted: HMAC-SHA-256 (RFC 2104).
 */
export const visitorHash = (address: string, salt: KeyObject): string =>
  createHmac('sha256', salt).update(plainAddress(address)).digest('hex')

/** IPv4 addresses also arrive in IPv6 form; both are one visitor. */
export const plainAddress = (address: string): string =>
  address.replace(/^::ffff:(?=\d+\.)/i, '').toLowerCase()
