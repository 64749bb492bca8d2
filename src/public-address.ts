import type { IncomingHttpHeaders } from 'node:http'

const believedByAstro = ['x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port']

/**
 * Tells Astro the address of a request, which it compares with the origin of forms and shows to pages. What `X-Forwarded-…`
 * says of it is dropped: most proxies pass on whatever a visitor has written. A proxy may show the site at another address
 * and by another protocol, which only the settings know: whoever asks for the public host, or sends a form from there, is
 * taken to be at the public address.
 */
export function showPublicAddress(headers: IncomingHttpHeaders, siteUrl: string): void {
  for (const name of believedByAstro) delete headers[name]
  const { host, protocol } = new URL(siteUrl)
  if (headers.host !== host && headers.origin !== siteUrl) return
  headers.host = host
  headers['x-forwarded-proto'] = protocol.slice(0, -1)
}
