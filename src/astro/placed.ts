import { ownPaths } from '../server/own-paths.ts'

const address = `/(?=(?:${ownPaths.map((path) => path.slice(1)).join('|')})(?:[/?"#]|$))`
const inHtml = new RegExp(`\\b((?:href|src|action)=")${address}`, 'g')
const atStart = new RegExp(`^${address}`)

/**
 * A response of ours as it is below `root`, a path such as `/news` or nothing: our pages are built once for all
 * sites, and are written as if each stood at its root.
 */
export async function placed(response: Response, root: string): Promise<Response> {
  if (root === '') return response
  const headers = new Headers(response.headers)
  const location = headers.get('location')
  if (location !== null) headers.set('location', location.replace(atStart, `${root}/`))
  const init = { status: response.status, headers }
  if (!headers.get('content-type')?.startsWith('text/html')) return new Response(response.body, init)
  headers.delete('content-length')
  return new Response((await response.text()).replace(inHtml, `$1${root}/`), init)
}
