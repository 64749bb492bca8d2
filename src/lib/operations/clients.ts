import { type Caller, type Client, clientOf, type HeaderReader, type Proxies } from '../http/client.ts'
import { isLocal } from '../http/local.ts'
import type { UnnamedProxy } from './unnamed-proxy.ts'

/** Determines the client of a request, and watches for proxies that the settings do not name. */
export function createClients(proxies: Proxies, unnamedProxy: Pick<UnnamedProxy, 'notice'>) {
  const find = (peer: string, header: HeaderReader, follows: boolean): Client => {
    const found = clientOf(peer, header, proxies)
    unnamedProxy.notice(found, peer, header('host'), follows)
    return found
  }
  return {
    /** Who follows a promo link, behind the proxies that the settings trust. */
    client: (peer: string, header: HeaderReader): Client => find(peer, header, true),
    /** The same for pages and endpoints; `http` is the request's version of HTTP. */
    caller: (peer: string, header: HeaderReader, http?: string): Caller => ({
      ...find(peer, header, false),
      local: isLocal(peer, header, http),
    }),
  }
}
