import type { APIRoute } from 'astro'
import { answerPromoLink } from '../astro/promo-link.ts'

export const prerender = false

/** A promo link, or else the site's own 404 page. */
export const ALL: APIRoute = async (context) => {
  const { locals, params, rewrite } = context
  const answer = await answerPromoLink(context)
  if (answer) return answer
  // A page that the build has made cannot be rewritten to, and without any page Astro would ask this route again.
  if (locals.notFoundPage === undefined && params.slug !== '404') return await rewrite('/404')
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }
  return new Response(locals.notFoundPage ?? 'Not found', { status: 404, headers })
}
