import type { APIRoute } from 'astro'

export const prerender = false

/** Ends this session, or with `everywhere` all sessions of the same person. */
export const POST: APIRoute = async ({ locals: { app }, request }) => {
  const form = await request.formData().catch(() => new FormData())
  const cookies = request.headers.get('cookie') ?? undefined
  const ended = await app.access.signOut(cookies, form.get('everywhere') === 'yes')
  if (!ended.ok) return new Response('The database does not answer; try again in a minute.', { status: 503 })
  const headers = new Headers({ location: '/sign-in' })
  headers.append('set-cookie', ended.value)
  return new Response(null, { status: 303, headers })
}

export const ALL: APIRoute = () => new Response('Only POST', { status: 405, headers: { allow: 'POST' } })
