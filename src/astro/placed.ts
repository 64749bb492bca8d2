import { placeLinks, placeLocation } from '../server/place-links.ts'

/** A response of ours as it is below `root`, a path such as `/news` or nothing. */
export async function placed(response: Response, root: string): Promise<Response> {
  if (root === '') return response
  const headers = new Headers(response.headers)
  const location = headers.get('location')
  if (location !== null) headers.set('location', placeLocation(location, root))
  const init = { status: response.status, headers }
  if (!headers.get('content-type')?.startsWith('text/html')) return new Response(response.body, init)
  headers.delete('content-length')
  return new Response(placeLinks(await response.text(), root), init)
}
