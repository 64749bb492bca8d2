import type { IncomingMessage, ServerResponse } from 'node:http'
import { messageOf } from '../lib/base/result.ts'
import { type Answer, faultAnswer } from '../lib/http/answer.ts'
import { createAnswerAndClose } from '../lib/http/answer-and-close.ts'
import { createBodies, hasBody, refusedBody, type WholeRequest } from '../lib/http/bodies.ts'
import { endpointMethods, unknownEndpoint, writingMethods, wrongMethod } from '../lib/http/methods.ts'
import { wrongContentType } from '../lib/http/read.ts'
import type { PromoTracking } from '../lib/index.ts'
import { slugIn } from '../lib/links/damaged-slug.ts'
import type { Connect } from './connect.ts'
import { type HostSite, rootOf } from './host-site.ts'
import { headerReader, send } from './own-pages.ts'
import { isOwnPath } from './own-paths.ts'
import { refuseAddress } from './public-address.ts'

export type FrontOptions = {
  app: Pick<PromoTracking, 'answerPromoLink' | 'client' | 'isWebhook' | 'log'>
  site: Pick<HostSite, 'base' | 'prefix' | 'strict'>
  /** Our pages and endpoints. */
  ownPages: Connect
  /** Paths of one word that are the site's own. */
  pages: ReadonlySet<string>
}

/** Requests that were looked at already: a server may have us in front of a site that has us inside. */
const passed = new WeakSet<IncomingMessage>()

/**
 * Stands before a site: answers promo links by the function that the Astro route calls, since Astro's pipeline
 * would take ten times as long, hands what is ours to our pages, and leaves everything else to the site as it
 * came.
 */
export function createFront({ app, site, ownPages, pages }: FrontOptions): Connect {
  const { base, strict } = site
  const root = rootOf(site)
  const webhookPath = `${root}/api/v1/promo/links/changed`
  const bodies = createBodies()
  const answerAndClose = createAnswerAndClose()

  const isOurs = (target: string): boolean => target.startsWith(root) && isOwnPath(target.slice(root.length))

  const answerPromoLink = (request: IncomingMessage, slug: string, query: string) => {
    const header = headerReader(request)
    const client = app.client(request.socket.remoteAddress ?? '', header)
    return app.answerPromoLink({ method: request.method ?? 'GET', slug, query, header, client })
  }

  const isWebhook = (request: IncomingMessage): boolean =>
    request.url === webhookPath && app.isWebhook(headerReader(request))

  const readBody = (request: WholeRequest, response: ServerResponse, then: () => void): void => {
    const take = isWebhook(request) ? bodies.drop : bodies.read
    if (request.body !== undefined) then()
    else
      take(request, then, (fault) =>
        answerAndClose(request, response, refusedBody(fault, request.url ?? '/')),
      )
  }

  const pass = (request: WholeRequest, response: ServerResponse, next: () => void): void => {
    const refused = strict ? refuseAddress(request) : undefined
    passed.add(request)
    if (refused) send(response, refused)
    else {
      if (request.body === undefined) request.goOn?.()
      next()
    }
  }

  const serveLink = (request: IncomingMessage, response: ServerResponse, link: Link): void => {
    const respond = (answer: Answer | undefined) => {
      if (!answer) pass(request, response, link.next)
      else if (hasBody(request)) readBody(request, response, () => send(response, answer))
      else send(response, answer)
    }
    const broke = (error: unknown) => {
      app.log.error({ reason: messageOf(error) }, 'a promo link failed unexpectedly')
      pass(request, response, link.next)
    }
    try {
      const answer = answerPromoLink(request, link.slug, link.query)
      if (answer instanceof Promise) answer.then(respond, broke)
      else respond(answer)
    } catch (error) {
      broke(error)
    }
  }

  const serveOwn: Connect = (request, response, next) => {
    // A caller that knows the secret may send any body, of any type.
    if (isWebhook(request)) request.headers['content-type'] = 'application/json'
    const refused = refuseCall(request, (request.url ?? '').slice(root.length).split('?')[0] ?? '')
    if (refused) send(response, refused)
    else ownPages(request, response, () => pass(request, response, next))
  }

  return (request, response, next) => {
    if (passed.has(request)) return next()
    if (request.method === 'TRACE') return send(response, noTrace)
    const target = originForm(request.url ?? '/')
    const [path = '/', query = ''] = splitOnce(target, '?')
    const ours = isOurs(target)
    const slug = !ours && path.startsWith(base) ? slugIn(path.slice(base.length)) : undefined
    const isLink = slug !== undefined && !pages.has(slug)
    if (ours || strict) request.url = target
    const serve = (): void => {
      if (isLink) serveLink(request, response, { slug, query, next })
      else if (ours) serveOwn(request, response, next)
      else pass(request, response, next)
    }
    // What else writes to a word of the site has a body that is the site's to read.
    const bounded = strict || ours || (isLink && (request.method === 'GET' || request.method === 'HEAD'))
    if (bounded && hasBody(request)) readBody(request, response, serve)
    else serve()
  }
}

type Link = { slug: string; query: string; next: () => void }

/** Astro cannot make a request of it. */
const noTrace: Answer = {
  status: 405,
  headers: { allow: 'GET, HEAD', 'content-length': '0', connection: 'close' },
}

/**
 * Astro refuses forms from other origins before a route sees them, and takes whatever writes without saying what for a
 * form. Our endpoints take nothing but JSON, so they can say so first, in the shape that their callers know.
 */
function refuseCall({ method = 'GET', headers }: IncomingMessage, path: string): Answer | undefined {
  if (!writingMethods.has(method)) return undefined
  const [found, endpoint = ''] = /^\/api\/v1\/promo(?:\/(.*?))?\/?$/.exec(path) ?? []
  if (found === undefined) return undefined
  const wanted = endpointMethods.get(endpoint)
  if (wanted === undefined) return unknownEndpoint()
  if (method !== wanted) return wrongMethod(wanted)
  const fault = wrongContentType(headers['content-type'])
  return fault && faultAnswer(fault)
}

/** A request may name the whole URL (RFC 9112, 3.2.2), as it does to a proxy. */
const originForm = (target: string): string =>
  target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/^(?![/*])/, '/')

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
