import type { BlockList } from 'node:net'
import { type Client, isIn } from '../http/client.ts'
import { isLoopback, namesThisMachine } from '../http/local.ts'
import { plainAddress } from '../privacy/visitor-hash.ts'
import type { Log } from './log.ts'

export type UnnamedProxy = {
  /** Looks at whose request it is said to be, at the socket's peer, and at the `Host` that it asks for. */
  notice(client: Client, peer: string, host: string | undefined): void
  /** Requests for which a proxy's address counted as the reader's. */
  readonly count: number
  /** Whether one of them leaves no sign of itself: then only its `Host` tells its readers from programs on this machine. */
  readonly silent: boolean
}

/** Loopback, private and link-local addresses: those of a proxy in front, hardly those of readers. */
const nearby = /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd]|fe80:)/

export const silentProxy =
  'requests from this machine ask for a public host: have the proxy send X-Forwarded-For, name it in PROMO_TRUSTED_PROXIES, and set PROMO_INGEST_TOKEN'

/** Notices that all readers look like one, because the settings do not name the proxy that they come through. */
export function watchForUnnamedProxy(trusted: BlockList | undefined, log: Log): UnnamedProxy {
  let count = 0
  let silent = false
  return {
    notice(client, peer, host) {
      if (!client.forwarded) {
        if (!isLoopback(client.address) || host === undefined || namesThisMachine(host)) return
        if (!silent) log.warn(silentProxy)
        silent = true
        count += 1
        return
      }
      if (!nearby.test(client.address) || client.address !== plainAddress(peer)) return
      if (trusted && isIn(trusted, client.address)) return
      count += 1
      if (count > 1) return
      const proxy = client.address
      log.warn({ proxy }, 'all readers look like this proxy: name it in PROMO_TRUSTED_PROXIES')
    },
    get count() {
      return count
    },
    get silent() {
      return silent
    },
  }
}
