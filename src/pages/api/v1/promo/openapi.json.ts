import type { APIRoute } from 'astro'
import { toResponse } from '../../../../lib/http/answer.ts'
import { unlessKnown } from '../../../../lib/http/etag.ts'
import { onlyMethod } from '../../../../lib/http/methods.ts'
import { describeApi } from '../../../../lib/openapi/respond.ts'

export const prerender = false

/** Made once: it changes only with the site's version, and with where our paths begin. */
const description = describeApi()

export const GET: APIRoute = ({ request, locals: { root } }) =>
  toResponse(unlessKnown(root ? describeApi(root) : description, request.headers.get('if-none-match')))

export const HEAD = GET

export const ALL = onlyMethod('GET')
