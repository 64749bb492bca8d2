import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type Identity, widerDigits } from '../model/visitor.ts'

/** The month of a time in milliseconds, as salts are named: its first day, in UTC. */
export const saltMonth = (time: number): string => `${new Date(time).toISOString().slice(0, 7)}-01`

/** Nobody can link a hash to its visitor, or to another month's hashes, once the month's salt is deleted. */
export type VisitorHash = (network: string, userAgent: string) => Identity

const blockSize = 64
const innerPad = 0x36
const outerPad = 0x5c
/** Gateways and offices send many clicks from one address; their hashes are computed once. */
const rememberedNetworks = 5_000
const rememberedVisitors = 50
/** As much of a user agent as is stored: the rest does not distinguish visitors. */
const longestUserAgent = 500
const rememberedWider = 10_000
const addressDigits = 16

/** Hashes visitors under a salt of at most 64 bytes. */
export function visitorHashWith(salt: Uint8Array): VisitorHash {
  const sign = signerWith(salt)
  const recent = new LRUCache<string, Map<string, Identity>>({ max: rememberedNetworks })
  const wider = new LRUCache<string, string>({ max: rememberedWider })
  const widerOf = (network: string): string => {
    const name = widerNetwork(network)
    const known = wider.get(name)
    if (known !== undefined) return known
    const digits = sign(`wider\n${name}`).slice(0, widerDigits)
    wider.set(name, digits)
    return digits
  }
  return (network, userAgent) => {
    const agent = userAgent.length > longestUserAgent ? userAgent.slice(0, longestUserAgent) : userAgent
    const known = recent.get(network)
    const remembered = known?.get(agent)
    if (remembered !== undefined) return remembered
    const [first] = known?.values() ?? []
    const address =
      first?.address ?? widerOf(network) + sign(`address\n${network}`).slice(0, addressDigits - widerDigits)
    const identity = { visitor: sign(`visitor\n${network}\n${agent}`), address }
    if (known !== undefined && known.size < rememberedVisitors) known.set(agent, identity)
    else recent.set(network, new Map([[agent, identity]]))
    return identity
  }
}

/** The part of a network, as `NetworkReader` names it, before the second dot or colon. */
function widerNetwork(network: string): string {
  const colon = network.indexOf(':')
  return network.slice(0, colon === -1 ? network.indexOf('.', network.indexOf('.') + 1) : colon)
}

/**
 * HMAC-SHA-256 (RFC 2104, section 2) as two plain hashes: Node's own `createHmac` would cost half as much per click as
 * the rest of its redirect.
 */
function signerWith(salt: Uint8Array): (text: string) => string {
  const key = Buffer.alloc(blockSize)
  key.set(salt)
  const inner = key.map((byte) => byte ^ innerPad)
  const outer = key.map((byte) => byte ^ outerPad)
  return (text) => {
    const message = hash('sha256', Buffer.concat([inner, Buffer.from(text)]), 'buffer')
    return hash('sha256', Buffer.concat([outer, message]), 'hex')
  }
}
