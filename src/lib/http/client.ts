import { type BlockList, isIP } from 'node:net'
import { plainAddress } from '../base/address.ts'

/** Who sent a request: the address that counts as the client's, and whether it came through a proxy. */
export type Client = { address: string; forwarded: boolean }

/** The same, and whether it is a program on this machine. */
export type Caller = Client & { local: boolean }

export type HeaderReader = (name: string) => string | undefined

/** Headers that proxies, balancers and delivery networks add, even by default. */
const proxySigns = [
  'x-forwarded-for',
  'x-forwarded',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-server',
  'x-forwarded-scheme',
  'x-forwarded-ssl',
  'x-forwarded-prefix',
  'x-original-forwarded-for',
  'x-original-host',
  'x-original-url',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-envoy-external-address',
  'x-scheme',
  'front-end-https',
  'forwarded',
  'via',
  'cdn-loop',
  'cf-ray',
  'cf-visitor',
  'cf-connecting-ip',
  'true-client-ip',
  'fly-client-ip',
  'fastly-client-ip',
  'x-nf-client-connection-ip',
  'x-vercel-id',
  'x-amzn-trace-id',
  'x-amz-cf-id',
  'x-azure-clientip',
  'x-azure-ref',
]

/** Whether a request came through a proxy that has left a trace. */
export const showsProxy = (header: HeaderReader): boolean =>
  proxySigns.some((name) => header(name) !== undefined)

/** Most proxies that are followed, so that a forged header costs nothing. */
const mostHops = 20
/** The longest address in characters, with brackets, port and blanks. */
const longestHop = 100

/** The trusted proxies, and the header (in lower case) in which they pass on the client's address. */
export type Proxies = { trusted: BlockList | undefined; addressHeader: string }

/**
 * The client is the socket's peer, unless the settings name that peer as a proxy: then it is the right-most
 * address of the proxies' header that is not a trusted proxy itself. Anything to the left of it may be forged,
 * so it is not read.
 */
export function clientOf(peer: string, header: HeaderReader, { trusted, addressHeader }: Proxies): Client {
  const passedOn = header(addressHeader)
  const forwarded = passedOn !== undefined || showsProxy(header)
  const address = plainAddress(peer)
  if (!forwarded || !trusted) return { address, forwarded }
  const hops = addressHeader === 'forwarded' ? forwardedFor(passedOn ?? '') : (passedOn ?? '')
  return { address: untrustedHop(hops, address, trusted), forwarded }
}

/** The addresses of `Forwarded: for=192.0.2.60;proto=https, for="[2001:db8::1]:443"` (RFC 7239), comma-separated. */
const forwardedFor = (value: string): string =>
  Array.from(value.slice(-mostHops * longestHop).matchAll(/\bfor="?([^";,]+)/gi), ([, hop]) => hop).join(',')

function untrustedHop(hops: string, peer: string, trusted: BlockList): string {
  let address = peer
  let end = hops.length
  for (let count = 0; count < mostHops && end >= 0 && isIn(trusted, address); count += 1) {
    const start = end === 0 ? -1 : hops.lastIndexOf(',', end - 1)
    const hop = end - start > longestHop ? '' : plainAddress(withoutPort(hops.slice(start + 1, end).trim()))
    if (isIP(hop) === 0) break
    address = hop
    end = start
  }
  return address
}

/** Some proxies write `1.2.3.4:5678` and `[2001:db8::1]:443`. */
const withoutPort = (hop: string): string =>
  /^\[([^\]]*)\](?::\d+)?$/.exec(hop)?.[1] ?? hop.replace(/^([\d.]+):\d+$/, '$1')

export function isIn(networks: BlockList, address: string): boolean {
  const version = isIP(address)
  return version !== 0 && networks.check(address, version === 4 ? 'ipv4' : 'ipv6')
}
