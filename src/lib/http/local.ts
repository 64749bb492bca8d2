import { plainAddress } from '../base/address.ts'
import { type HeaderReader, showsProxy } from './client.ts'

/** What browsers say about the origin of a request; `none` means that somebody typed the address. */
const fromPage = (header: HeaderReader): boolean =>
  header('origin') !== undefined || (header('sec-fetch-site') ?? 'none') !== 'none'

const loopbackHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

export const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.')

/** Whether a `Host` header names this machine. */
export const namesThisMachine = (host: string | undefined): boolean =>
  host !== undefined && loopbackHost.test(host)

/**
 * Whether a request was made by a program on this machine: its socket and `Host` are loopback addresses, no proxy left
 * a trace, and no page in a browser sent it. `http` is the protocol version: nginx uses 1.0 with a bare `proxy_pass`,
 * and no current program does by default.
 */
export const isLocal = (peer: string, header: HeaderReader, http = '1.1'): boolean =>
  isLoopback(plainAddress(peer)) &&
  http !== '1.0' &&
  namesThisMachine(header('host')) &&
  !fromPage(header) &&
  !showsProxy(header)
