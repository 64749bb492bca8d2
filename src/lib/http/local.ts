import { plainAddress } from '../base/address.ts'
import type { HeaderReader } from './client.ts'

/** What proxies, balancers and delivery networks add to a request, whether or not they are set up to. */
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

/** What browsers say of where a request comes from; `none` is what a person has typed. */
const fromPage = (header: HeaderReader): boolean =>
  header('origin') !== undefined || (header('sec-fetch-site') ?? 'none') !== 'none'

const loopbackHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

export const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.')

/** Whether a `Host` header names this very machine. */
export const namesThisMachine = (host: string | undefined): boolean =>
  host !== undefined && loopbackHost.test(host)

/**
 * Whether a request was made by a program on this very machine and for it: its socket and the host that it asks
 * for are loopback addresses, no proxy has left a sign, and no page in a browser sent it. `http` is the version
 * of the protocol: 1.0 is what nginx speaks with a bare `proxy_pass`, and what no current program uses by
 * default.
 */
export const isLocal = (peer: string, header: HeaderReader, http = '1.1'): boolean =>
  isLoopback(plainAddress(peer)) &&
  http !== '1.0' &&
  namesThisMachine(header('host')) &&
  !fromPage(header) &&
  proxySigns.every((name) => header(name) === undefined)
