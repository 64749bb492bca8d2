import type { APIRoute } from 'astro'
import { toResponse } from '../lib/http/answer.ts'

export const prerender = false

/** A promo link, or else the site's own 404 page. */
export const ALL: APIRoute = async ({
  locals: { app, client },
  params: { slug = '' },
  request,
  rewrite,
  url,
}) => {
  const answer =
    client &&
    (await app?.answerPromoLink({
      method: request.method,
      slug,
      query: url.search.slice(1) + url.hash,
      header: (name) => request.headers.get(name) ?? undefined,
      client,
    }))
  return answer ? toResponse(answer) : await rewrite('/404')
}
