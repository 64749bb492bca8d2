import type { APIRoute } from 'astro'

export const prerender = false

/** Ends this session, or with `everywhere` all sessions of its editor. */
export const POST: APIRoute = async ({ locals: { app }, request }) => {
  const form = await request.formData().catch(() => new FormData())
  const session = await app.access.readSession(request.headers.get('cookie') ?? undefined)
  const known = session.ok && session.value.editor.id !== undefined ? session.value.editor.name : undefined
  const ended = await app.access.signOut(form.get('everywhere') === 'yes' ? known : undefined)
  if (!ended.ok) return new Response('The database does not answer; try again in a minute.', { status: 503 })
  const headers = new Headers({ location: '/sign-in' })
  headers.append('set-cookie', ended.value)
  return new Response(null, { status: 303, headers })
}

export const ALL: APIRoute = () => new Response('Only POST', { status: 405, headers: { allow: 'POST' } })
