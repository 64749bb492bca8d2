import type { APIContext } from 'astro'
import { toResponse } from '../lib/http/answer.ts'

/** The redirect of a promo link; `undefined` if the path is not one. */
export async function answerPromoLink({
  locals: { app, client },
  params,
  request,
  url,
}: APIContext): Promise<Response | undefined> {
  const [slug] = Object.values(params)
  if (!app || !client || slug === undefined) return undefined
  const answer = await app.answerPromoLink({
    method: request.method,
    slug,
    query: url.search.slice(1) + url.hash,
    header: (name) => request.headers.get(name) ?? undefined,
    client,
  })
  return answer && toResponse(answer)
}
