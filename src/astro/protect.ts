import { editorsPolicy } from '../server/content-security.ts'

const protections = {
  'cache-control': 'private, no-store',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex, nofollow',
  'referrer-policy': 'same-origin',
  // `astro dev` puts scripts and styles of its own into every page.
  ...(!import.meta.env.DEV && { 'content-security-policy': editorsPolicy }),
}

/** Protects what only editors see, and the page where they sign in. */
export function protect(headers: Headers): Headers {
  for (const [name, value] of Object.entries(protections)) headers.set(name, value)
  return headers
}

/** A protected answer without a page. */
export const plain = (status: number, text: string, headers: Record<string, string> = {}): Response =>
  new Response(text, {
    status,
    headers: protect(new Headers({ 'content-type': 'text/plain; charset=utf-8', ...headers })),
  })

/** Leads a reader on, with the cookie that a session begins or ends with. */
export function seeOther(location: string, cookie?: string): Response {
  const headers = protect(new Headers({ location }))
  if (cookie !== undefined) headers.append('set-cookie', cookie)
  return new Response(null, { status: 303, headers })
}
