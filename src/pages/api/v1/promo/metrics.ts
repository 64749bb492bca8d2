import type { APIRoute } from 'astro'
import { toResponse } from '../../../../lib/http/answer.ts'
import { onlyMethod } from '../../../../lib/http/methods.ts'

export const prerender = false

export const GET: APIRoute = async ({ locals: { app, client }, request }) =>
  toResponse(await app.guard('metrics', { request, client }, app.readMetrics))

export const ALL = onlyMethod('GET')
