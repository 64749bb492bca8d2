import type { APIContext, APIRoute } from 'astro'
import { type Answer, faultAnswer, siteNotStarted, toResponse } from '../lib/http/answer.ts'
import type { Endpoint } from '../lib/http/endpoints.ts'
import type { PromoTracking } from '../lib/index.ts'

/** An endpoint that admits whom the guard admits; nobody if the request has bypassed our server. */
export const guarded =
  (endpoint: Endpoint, respond: (app: PromoTracking, context: APIContext) => Promise<Answer>): APIRoute =>
  async (context) => {
    const { request, locals } = context
    const { app, client } = locals
    if (!app || !client) return toResponse(faultAnswer(siteNotStarted))
    return toResponse(await app.guard(endpoint, { request, client }, () => respond(app, context)))
  }
