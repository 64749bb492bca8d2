import type { APIRoute } from 'astro'
import { faultAnswer, siteNotStarted, toResponse } from '../../../../../lib/http/answer.ts'
import { onlyMethod } from '../../../../../lib/http/methods.ts'

export const prerender = false

/** Readiness: 503 as soon as a part does not work. */
export const GET: APIRoute = async ({ locals: { app, client }, request }) =>
  toResponse(app && client ? await app.answerHealth({ request, client }) : faultAnswer(siteNotStarted))

/** Uptime monitors like to ask without a body. */
export const HEAD = GET

export const ALL = onlyMethod('GET')
