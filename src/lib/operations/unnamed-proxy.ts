import type { BlockList } from 'node:net'
import { type Client, isIn } from '../http/client.ts'
import { plainAddress } from '../privacy/visitor-hash.ts'
import type { Log } from './log.ts'

export type UnnamedProxy = {
  /** Looks at whose request it is said to be, and at the socket's peer. */
  notice(client: Client, peer: string): void
  /** Requests for which a proxy's address counted as the reader's. */
  readonly count: number
}

/** Loopback, private and link-local addresses: those of a proxy in front, hardly those of readers. */
const nearby = /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd]|fe80:)/

/** Notices that all readers look like one, because the settings do not name the proxy that they come through. */
export function watchForUnnamedProxy(trusted: BlockList | undefined, log: Log): UnnamedProxy {
  let count = 0
  return {
    notice(client, peer) {
      if (!client.forwarded || !nearby.test(client.address) || client.address !== plainAddress(peer)) return
      if (trusted && isIn(trusted, client.address)) return
      count += 1
      if (count > 1) return
      const proxy = client.address
      log.warn({ proxy }, 'all readers look like this proxy: name it in PROMO_TRUSTED_PROXIES')
    },
    get count() {
      return count
    },
  }
}
