import type { APIContext } from 'astro'
import type { SessionFault, SignedInEditor } from '../lib/auth/session.ts'
import { fail, ok, type Result } from '../lib/base/result.ts'
import type { PromoTracking } from '../lib/index.ts'
import { plain, protect, seeOther } from './protect.ts'

type Asked = Pick<APIContext, 'locals' | 'request' | 'url'>
type AskedPage = Asked & Pick<APIContext, 'rewrite'> & { response: { headers: Headers } }

/** `no_app`: neither our server nor our middleware has seen the request, so that nobody can say who sent it. */
type EnterFault = SessionFault | { code: 'no_app' }
type Entered = { app: PromoTracking; editor: SignedInEditor; cookie: string | undefined }

/**
 * Lets an editor into a page, or answers the response for everybody else. Each page asks by itself, whatever
 * path, setting or rewrite has led to it; what says who is signed in is the cookie of this very request, and
 * nothing in the locals.
 */
export async function enter(page: AskedPage): Promise<Entered | Response> {
  const { request, response } = page
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return plain(405, 'Only GET and HEAD', { allow: 'GET, HEAD' })
  }
  const entered = await readEditor(page)
  if (!entered.ok && entered.fault.code === 'unavailable') {
    return await page.rewrite('/analytics/unavailable')
  }
  if (!entered.ok) return refuse(page, entered.fault)
  carryOn(protect(response.headers), request, entered.value.cookie)
  return entered.value
}

/** Who is signed in, and the cookie to go on with where it is time for a new one. */
export async function readEditor({
  locals,
  request,
}: Pick<Asked, 'locals' | 'request'>): Promise<Result<Entered, EnterFault>> {
  const { app } = locals
  if (!app) return fail({ code: 'no_app' })
  const session = await app.access.readSession(request.headers.get('cookie') ?? undefined)
  return session.ok ? ok({ app, editor: session.value.editor, cookie: session.value.cookie }) : session
}

/** The app, in what only a page shows that somebody has been let into. */
export function appOf({ locals }: Pick<APIContext, 'locals'>): PromoTracking {
  if (!locals.app) throw new Error('a part of a page was requested without its page')
  return locals.app
}

/** The answer to somebody who may not see a page. */
export function refuse({ url }: Pick<Asked, 'url'>, { code }: EnterFault): Response {
  if (code === 'no_app') return withoutApp()
  const next = encodeURIComponent(url.pathname + url.search)
  return seeOther(`/sign-in?next=${next}`)
}

export const withoutApp = (): Response =>
  plain(503, "The promo tracking was not started with this site; the site's log says more.", {
    'retry-after': '30',
  })

/** Renews a session that somebody uses: one that only an open page refreshes with must end. */
export function carryOn(headers: Headers, request: Request, cookie: string | undefined): void {
  if (cookie !== undefined && !request.headers.has('x-unattended')) headers.append('set-cookie', cookie)
}
