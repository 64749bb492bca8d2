import type { APIRoute } from 'astro'
import { answerPromoLink } from '../astro/promo-link.ts'

export const prerender = false

/** A promo link, or else the site's own 404 page. */
export const ALL: APIRoute = async (context) => {
  const { params, rewrite } = context
  const answer = await answerPromoLink(context)
  if (answer) return answer
  // Without any page Astro would ask this route again.
  return params.slug === '404' ? new Response('Not found', { status: 404 }) : await rewrite('/404')
}
