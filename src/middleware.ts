import { defineMiddleware } from 'astro:middleware'
import type { APIContext, MiddlewareNext } from 'astro'
import { developmentApp } from './development-app.ts'
import { wantsFresh } from './lib/analytics/remember.ts'
import { toResponse } from './lib/http/answer.ts'

/**
 * In production the server has put the app and the client into the locals already; `astro dev` has no such server,
 * so the same app is opened here. Pages of the analytics are for editors who are signed in.
 */
export const onRequest = defineMiddleware(async (context, next) => {
  const { locals, request, url } = context
  if (import.meta.env.DEV && !context.isPrerendered) {
    locals.app ??= await developmentApp()
    locals.client ??= locals.app.client(
      context.clientAddress,
      (name) => request.headers.get(name) ?? undefined,
    )
  }
  if (url.pathname === '/sign-in' || url.pathname === '/sign-out') return protect(await next())
  if (url.pathname !== '/analytics' && !url.pathname.startsWith('/analytics/')) return await next()
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return new Response('Only GET and HEAD', { status: 405, headers: { allow: 'GET, HEAD' } })
  }
  return protect(await forEditors(context, next))
})

async function forEditors(
  { locals, request, url, redirect }: APIContext,
  next: MiddlewareNext,
): Promise<Response> {
  const session = await locals.app.access.readSession(request.headers.get('cookie') ?? undefined)
  if (!session.ok && session.fault.code === 'unavailable') {
    return await next('/analytics/unavailable')
  }
  if (!session.ok) return redirect(`/sign-in?next=${encodeURIComponent(url.pathname + url.search)}`, 303)
  locals.editor = session.value.editor
  const response = await shown({ locals, request, url }, session.value.editor.name, next)
  const { cookie } = session.value
  if (cookie !== undefined && !unattended(request)) response.headers.append('set-cookie', cookie)
  return response
}

/** Whether an open page asks by itself: a session that nobody uses has to end. */
const unattended = (request: Request): boolean => request.headers.has('x-unattended')

/** A page that was shown to the same editor a moment ago is shown again: rendering takes the time of many redirects. */
async function shown(
  { locals, request, url }: Pick<APIContext, 'locals' | 'request' | 'url'>,
  editor: string,
  next: () => Promise<Response>,
): Promise<Response> {
  if (request.method !== 'GET') return await next()
  const key = `page ${url.pathname}${url.search} ${editor}`
  const answer = await locals.app.remember({ key, fresh: wantsFresh(request) }, async () => {
    const response = await next()
    const body = new Uint8Array(await response.arrayBuffer())
    const length = { 'content-length': String(body.byteLength) }
    return { status: response.status, headers: { ...Object.fromEntries(response.headers), ...length }, body }
  })
  return toResponse(answer)
}

const headers = {
  'cache-control': 'private, no-store',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex, nofollow',
  'referrer-policy': 'same-origin',
}

/** Everything that a page needs comes from this site, scripts included. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')

function protect(response: Response): Response {
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  // `astro dev` puts scripts and styles of its own into every page.
  if (!import.meta.env.DEV) response.headers.set('content-security-policy', policy)
  return response
}
