import type { BlockList } from 'node:net'
import { plainAddress } from '../base/address.ts'
import type { Log } from '../base/log.ts'
import { type Client, isIn } from '../http/client.ts'
import { isLoopback, namesThisMachine } from '../http/local.ts'

export type UnnamedProxy = {
  /** Examines a request's client, the socket's peer, its `Host`, and whether it follows a promo link. */
  notice(client: Client, peer: string, host: string | undefined, follows: boolean): void
  /** Requests so far for which a proxy's address counted as the reader's. */
  readonly count: number
  /** Whether there were some, the last of them within an hour. */
  readonly recent: boolean
  /**
   * The same for requests without a trace of a proxy: only their `Host` distinguishes them from those of programs on
   * this machine.
   */
  readonly silent: boolean
  /** The same for requests on promo links that a named proxy forwarded without saying for whom. */
  readonly unread: boolean
}

/** Loopback, private and link-local addresses: hardly those of readers. */
const nearby = /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd]|fe80:)/

export const silentProxy =
  'requests from this machine ask for a public host: have the proxy send X-Forwarded-For, name it ' +
  'in PROMO_TRUSTED_PROXIES, and set PROMO_INGEST_TOKEN'

export const unreadProxy =
  'a trusted proxy does not say whose requests it forwards, so all readers look like one: have it ' +
  'send X-Forwarded-For, or name the header that it sends (X-Real-IP, CF-Connecting-IP, Forwarded ' +
  '…) in PROMO_CLIENT_ADDRESS_HEADER'

/**
 * Milliseconds after its last request for which a proxy is reported, so that one that was fixed is not reported
 * forever.
 */
const reportFor = 3_600_000
/**
 * One odd request, from a program or somebody trying things out, does not mean that all readers come through a proxy.
 */
const fewest = 3

/** Notices that all readers look like one, because the settings do not name the proxy that they come through. */
export function watchForUnnamedProxy(options: {
  trusted: BlockList | undefined
  now: () => number
  log: Log
}): UnnamedProxy {
  const { trusted, now, log } = options
  let count = 0

  /** One kind of request to notice: `warn` is called for it once, until an hour has passed without any. */
  const createWatch = (warn: (proxy: string) => void) => {
    let last = Number.NEGATIVE_INFINITY
    let seen = 0
    const isRecent = (): boolean => Math.abs(now() - last) < reportFor
    return {
      isReported: (): boolean => seen >= fewest && isRecent(),
      notice(proxy: string) {
        seen = isRecent() ? seen + 1 : 1
        if (seen === fewest) warn(proxy)
        last = now()
        count += 1
      },
    }
  }
  const forwardedBy = createWatch((proxy) =>
    log.warn({ proxy }, 'all readers look like this proxy: name it in PROMO_TRUSTED_PROXIES'),
  )
  const silent = createWatch(() => log.warn(silentProxy))
  const unread = createWatch((proxy) => log.warn({ proxy }, unreadProxy))

  return {
    notice({ address, forwarded }, peer, host, follows) {
      if (!forwarded && isLoopback(address)) {
        if (host !== undefined && !namesThisMachine(host)) silent.notice(address)
        return
      }
      // A proxy itself asks whether the site is well, and follows no promo link.
      if (!forwarded && !follows) return
      if (address !== plainAddress(peer)) return
      if (trusted && isIn(trusted, address)) {
        // Programs beside the proxy have its address as well; they follow no promo links.
        if (follows) unread.notice(address)
      } else if (forwarded && nearby.test(address)) forwardedBy.notice(address)
    },
    get count() {
      return count
    },
    get recent() {
      return forwardedBy.isReported() || silent.isReported()
    },
    get silent() {
      return silent.isReported()
    },
    get unread() {
      return unread.isReported()
    },
  }
}
