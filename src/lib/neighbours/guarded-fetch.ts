import { lookup } from 'node:dns'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { Fetch } from './neighbour.ts'

/**
 * Like `fetch`, but refuses addresses that `allows` rejects. It checks the addresses that are connected to, so that a
 * name that changes a moment later does not help. Each request has its own connection, since a reused one would not be
 * checked.
 */
export const guardedFetch =
  (allows: (address: string) => boolean): Fetch =>
  async (url, { method, headers, body, signal }) => {
    const { protocol, hostname } = new URL(url)
    const address = hostname.replace(/^\[|\]$/g, '')
    if (isIP(address) !== 0 && !allows(address)) throw refused(address)
    const request = protocol === 'https:' ? requestHttps : requestHttp
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = {
        method,
        signal,
        agent: false,
        lookup: guardedLookup(allows),
        // All addresses of a name are then looked up at once. Node's types have this option only for sockets.
        autoSelectFamily: true,
        headers: { ...headers, 'accept-encoding': 'identity' },
      }
      const sent = request(url, options)
      sent.on('response', resolve)
      sent.on('error', (error) => reject(signal.aborted ? signal.reason : error))
      sent.end(body)
    })
    return {
      status: Number(answer.statusCode),
      headers: new Headers(
        Object.entries(answer.headers).flatMap(([name, value]): [string, string][] =>
          typeof value === 'string' ? [[name, value]] : [],
        ),
      ),
      body: bodyOf(answer, signal),
    }
  }

const refused = (address: string): Error =>
  new Error(`${address} is not a public address, and PROMO_WEBHOOK_ADDRESSES does not allow others`)

const guardedLookup =
  (allows: (address: string) => boolean): LookupFunction =>
  (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return done(error, [])
      const allowed = found.filter(({ address }) => allows(address))
      const none = allowed.length === 0 ? refused(found.map(({ address }) => address).join(', ')) : null
      return done(none, allowed)
    })
  }

async function* bodyOf(answer: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* answer
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  }
}
