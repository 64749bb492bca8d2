import { type BlockList, isIP } from 'node:net'
import { plainAddress } from '../privacy/visitor-hash.ts'

/** Who sent a request: the address that counts as the client's, and whether a proxy stands between. */
export type Client = { address: string; forwarded: boolean }

export type HeaderReader = (name: string) => string | undefined

const forwardingHeaders = [
  'x-forwarded-for',
  'forwarded',
  'x-real-ip',
  'x-forwarded-host',
  'via',
  'cf-connecting-ip',
]

/**
 * The client is the socket's peer, unless the settings name that peer as a proxy: then it is the right-most address
 * of `X-Forwarded-For` that is no trusted proxy itself. What stands left of it anyone can have written.
 */
export function clientOf(peer: string, header: HeaderReader, trusted: BlockList | undefined): Client {
  const forwarded = forwardingHeaders.some((name) => header(name) !== undefined)
  let address = plainAddress(peer)
  if (!forwarded || !trusted) return { address, forwarded }
  const hops = (header('x-forwarded-for') ?? '')
    .split(',')
    .map((hop) => plainAddress(withoutPort(hop.trim())))
  while (isIn(trusted, address)) {
    const hop = hops.pop()
    if (hop === undefined || isIP(hop) === 0) break
    address = hop
  }
  return { address, forwarded }
}

/** Some proxies write `1.2.3.4:5678` and `[2001:db8::1]:443`. */
const withoutPort = (hop: string): string =>
  /^\[([^\]]*)\](?::\d+)?$/.exec(hop)?.[1] ?? hop.replace(/^([\d.]+):\d+$/, '$1')

/**
 * Whether the request comes from this very machine, straight and not from a page in a browser: a page can also ask for
 * an image, which has no `Origin`. `none` is what a person typed.
 */
export const isLocal = (client: Client, header: HeaderReader): boolean =>
  !client.forwarded &&
  header('origin') === undefined &&
  (header('sec-fetch-site') ?? 'none') === 'none' &&
  (client.address === '::1' || client.address.startsWith('127.'))

export const isIn = (networks: BlockList, address: string): boolean =>
  isIP(address) !== 0 && networks.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
