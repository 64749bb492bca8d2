import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { type Answer, faultAnswer } from '../lib/http/answer.ts'

const believedByAstro = ['x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port']

/**
 * Tells Astro the address of a request, which it compares with the origin of forms and shows to pages. What
 * `X-Forwarded-…` says of it is dropped: most proxies pass on whatever a visitor has written. A proxy may show
 * the site at another address and by another protocol, which only the settings know: a request for the public
 * host, or a form sent from there, is taken to be at the public address.
 */
export function showPublicAddress(headers: IncomingHttpHeaders, siteUrl: string): void {
  for (const name of believedByAstro) delete headers[name]
  const { host, protocol } = new URL(siteUrl)
  if (headers.host !== host && headers.origin !== siteUrl) return
  headers.host = host
  headers['x-forwarded-proto'] = protocol.slice(0, -1)
}

/**
 * The origin that Astro compares with that of forms, of headers that show the public address where that is
 * asked for.
 */
export const shownOrigin = ({ 'x-forwarded-proto': protocol = 'http', host }: IncomingHttpHeaders): string =>
  `${protocol}://${host}`

/** Of a request whose address cannot be read, Astro makes one for the home page, or breaks. */
export function refuseAddress({
  url = '/',
  headers,
}: Pick<IncomingMessage, 'url' | 'headers'>): Answer | undefined {
  const fault = addressFault(url, headers.host)
  return fault && faultAnswer({ error: 'validation_error', details: fault })
}

function addressFault(target: string, host = 'localhost'): Record<string, string> | undefined {
  if (!target.startsWith('/')) return { target: 'must begin with "/"' }
  if (isHost(host)) return undefined
  return { host: 'must be a name or an address, with or without a port, such as "www.example.com"' }
}

const isHost = (host: string): boolean => /^[^\s/\\?#@]+$/.test(host) && URL.canParse(`http://${host}`)
