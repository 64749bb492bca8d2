import type { APIRoute } from 'astro'
import { withoutApp } from '../astro/enter.ts'
import { plain, seeOther } from '../astro/protect.ts'
import { toResponse } from '../lib/http/answer.ts'
import { isOwnForm } from '../lib/http/own-form.ts'
import { readForm } from '../lib/http/read-form.ts'

export const prerender = false

/** Ends this session, or with `everywhere` all sessions of the same person. */
export const POST: APIRoute = async ({ locals: { app }, request, url }) => {
  if (!app) return withoutApp()
  const origin = request.headers.get('origin')
  if (!isOwnForm({ origin, at: url.origin }, app.config.SITE_URL))
    return toResponse(app.refuseForeignForm(origin))
  const form = await readForm(request)
  const cookies = request.headers.get('cookie') ?? undefined
  const ended = await app.access.signOut(cookies, form.get('everywhere') === 'yes')
  if (!ended.ok) return plain(503, 'The database does not answer; try again in a minute.')
  return seeOther('/sign-in', ended.value)
}

export const ALL: APIRoute = () => plain(405, 'Only POST', { allow: 'POST' })
