import { type Caller, type Client, clientOf, type HeaderReader, type Proxies } from '../http/client.ts'
import { isLocal } from '../http/local.ts'
import type { UnnamedProxy } from './unnamed-proxy.ts'

/** Tells whose a request is, and has an eye on proxies that the settings do not name. */
export function createClients(proxies: Proxies, unnamedProxy: Pick<UnnamedProxy, 'notice'>) {
  const client = (peer: string, header: HeaderReader): Client => {
    const found = clientOf(peer, header, proxies)
    unnamedProxy.notice(found, peer, header('host'))
    return found
  }
  return {
    /** Whose request it is, behind the proxies that the settings trust. */
    client,
    /** The same of a request to pages or endpoints, by the version of HTTP that it came with. */
    caller: (peer: string, header: HeaderReader, http?: string): Caller => ({
      ...client(peer, header),
      local: isLocal(peer, header, http),
    }),
  }
}
