import { defineMiddleware } from 'astro:middleware'
import type { APIContext, MiddlewareNext } from 'astro'
import { carryOn, readEditor } from './astro/enter.ts'
import { placed } from './astro/placed.ts'
import { answerPromoLink } from './astro/promo-link.ts'
import { toResponse } from './lib/http/answer.ts'
import { wantsFresh } from './lib/reports/report-cache.ts'

/**
 * In production the server has put the app and the client into the locals already; `astro dev` has no such server,
 * so the same app is opened here. No access hangs on this: pages ask by themselves who is signed in.
 */
export const onRequest = defineMiddleware(async (context, next) => {
  const { locals, request } = context
  if (import.meta.env.DEV && !context.isPrerendered) {
    const { developmentApp } = await import('./server/development-app.ts')
    locals.app ??= await developmentApp()
    locals.client ??= locals.app.caller(
      context.clientAddress,
      (name) => request.headers.get(name) ?? undefined,
    )
    // Where another route takes any word, Astro asks that one.
    const answer = /^\/\[/.test(context.routePattern) && (await answerPromoLink(context))
    if (answer) return answer
  }
  const cached = /^\/analytics(\/|$)/.test(context.routePattern) && request.method === 'GET'
  return await placed(cached ? await shown(context, next) : await next(), locals.root ?? '')
})

/** A page that was shown to the same editor a moment ago is shown again: rendering takes the time of many redirects. */
async function shown(context: APIContext, next: MiddlewareNext): Promise<Response> {
  const { request, url } = context
  const entered = await readEditor(context)
  if (!entered.ok) return await next()
  const { app, editor, cookie } = entered.value
  const key = `page ${url.pathname}${url.search} ${editor.by} ${editor.id} ${editor.version}`
  const answer = await app.remember({ key, fresh: wantsFresh(request) }, async () => {
    const response = await next()
    const body = new Uint8Array(await response.arrayBuffer())
    // The cookie is only for this request, not for those who are shown the same page later.
    response.headers.delete('set-cookie')
    const length = { 'content-length': String(body.byteLength) }
    return { status: response.status, headers: { ...Object.fromEntries(response.headers), ...length }, body }
  })
  const response = toResponse(answer)
  carryOn(response.headers, request, cookie)
  return response
}
