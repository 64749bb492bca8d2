import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import sirv from 'sirv'
import type { App } from '../lib/app.ts'
import { messageOf } from '../lib/base/result.ts'
import { type Answer, faultAnswer } from '../lib/http/answer.ts'
import { createAnswerAndClose } from '../lib/http/answer-and-close.ts'
import { createBodies, declaredLength, hasBody, refusedBody } from '../lib/http/bodies.ts'
import type { Caller, Client, HeaderReader } from '../lib/http/client.ts'
import { endpointMethods, unknownEndpoint, wrongMethod } from '../lib/http/methods.ts'
import { isOwnForm } from '../lib/http/own-form.ts'
import { longestBody, wrongContentType } from '../lib/http/read.ts'
import { responsesUntil } from './last-responses.ts'
import { refuseAddress, shownOrigin, showPublicAddress } from './public-address.ts'

/** What Astro's Node adapter exports in `middleware` mode. */
export type AstroHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next: () => void,
  locals: { app: App; client: Caller; notFoundPage?: string | undefined },
) => Promise<void>

export type SiteOptions = {
  app: App
  astro: AstroHandler
  /** The built site, with its files in `client`. */
  dist: string
  /** Paths of one word that are the site's own. */
  pages: ReadonlySet<string>
  /** Further folders with files, looked up on each request. */
  folders?: readonly string[]
  /** From then on no connection is kept for a next request. */
  stopping: AbortSignal
}

/**
 * The site as one server: promo links are answered here by the function that the Astro route calls, since Astro's
 * pipeline would take ten times as long; files come from the build; everything else is Astro's.
 */
export function createSite({ app, astro, dist, pages, folders = [], stopping }: SiteOptions): Server {
  const files = [
    sirv(join(dist, 'client'), { etag: true }),
    ...folders.map((folder) => sirv(folder, { dev: true })),
  ]
  const notFoundPage = readNotFoundPage(dist)
  const bodies = createBodies()
  const answerAndClose = createAnswerAndClose()

  const answerPromoLink = (request: IncomingMessage, slug: string, query: string) => {
    const header = headerReader(request)
    return app.answerPromoLink({
      method: request.method ?? 'GET',
      slug,
      query,
      header,
      client: clientOf(request, header),
    })
  }

  const clientOf = (request: IncomingMessage, header: HeaderReader): Client =>
    app.client(request.socket.remoteAddress ?? '', header)

  const askAstro = (request: IncomingMessage, response: ServerResponse): void => {
    const refused = refuseAddress(request)
    if (refused) {
      send(response, refused)
      return
    }
    const peer = request.socket.remoteAddress ?? ''
    const locals = { app, client: app.caller(peer, headerReader(request), request.httpVersion), notFoundPage }
    showPublicAddress(request.headers, app.config.SITE_URL)
    if (isForeignForm(request, app.config.SITE_URL)) {
      send(response, app.refuseForeignForm(request.headers.origin))
      return
    }
    astro(request, response, () => answerNotFound(request, response, locals), locals).catch(
      (error: unknown) => {
        app.log.error({ reason: messageOf(error) }, 'a page broke')
        if (!response.headersSent) response.writeHead(500)
        response.end()
      },
    )
  }

  /** The site's own 404 page: rendered by Astro, or the file that the build made of it. */
  const answerNotFound = (
    request: IncomingMessage,
    response: ServerResponse,
    locals: Parameters<AstroHandler>[3],
  ): void => {
    request.url = '/404'
    void astro(
      request,
      response,
      () => {
        response.writeHead(404, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
        response.end(notFoundPage ?? plainNotFoundPage)
      },
      locals,
    )
  }

  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const serveFrom = (index: number): void => {
      const folder = files[index]
      if (folder) folder(request, response, () => serveFrom(index + 1))
      else askAstro(request, response)
    }
    serveFrom(0)
  }

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const target = originForm(request.url ?? '/')
    request.url = target
    const [path = '/', query = ''] = splitOnce(target, '?')
    const refused = refuseTrace(request) ?? refuseForm(request, path)
    if (refused) {
      send(response, refused)
      return
    }
    const slug = slugOf(path)
    if (slug === undefined || pages.has(slug)) {
      serve(request, response)
      return
    }
    const respond = (answer: Answer | undefined) =>
      answer ? send(response, answer) : serve(request, response)
    const broke = (error: unknown) => {
      app.log.error({ reason: messageOf(error) }, 'a promo link broke')
      serve(request, response)
    }
    try {
      const answer = answerPromoLink(request, slug, query)
      if (answer instanceof Promise) answer.then(respond, broke)
      else respond(answer)
    } catch (error) {
      broke(error)
    }
  }

  // Requests without a body, which are nearly all, then need none of the work of ending one.
  const server = createServer(
    { optimizeEmptyRequests: true, ServerResponse: responsesUntil(stopping) },
    (request, response) => {
      const webhook = request.url === webhookPath && app.isWebhook(headerReader(request))
      // Whoever knows the secret may say anything, and need not say in which form.
      if (webhook) request.headers['content-type'] = 'application/json'
      if (!hasBody(request)) return handle(request, response)
      bodies[webhook ? 'drop' : 'read'](
        request,
        () => handle(request, response),
        (fault) => answerAndClose(request, response, refusedBody(fault, request.url ?? '/')),
      )
    },
  )
  server.keepAliveTimeout = keepAliveTimeout
  server.on('checkContinue', (request, response) => {
    if (declaredLength(request) <= longestBody) response.writeContinue()
    server.emit('request', request, response)
  })
  // Node would answer by itself, and read whatever follows.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  return server
}

/**
 * How long a connection waits for its next request, in milliseconds: longer than balancers keep theirs. A connection that
 * ends while a balancer sends something costs a reader a 502.
 */
const keepAliveTimeout = 65_000
const webhookPath = '/api/v1/promo/links/changed'
const writing = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/**
 * Astro refuses forms from other origins before a route sees them, and takes whatever writes without saying what for a
 * form. Our endpoints take nothing but JSON, so they can say so first, in the shape that their callers know.
 */
function refuseForm({ method = 'GET', headers }: IncomingMessage, path: string): Answer | undefined {
  if (!writing.has(method)) return undefined
  const [found, endpoint = ''] = /^\/api\/v1\/promo(?:\/(.*?))?\/?$/.exec(path) ?? []
  if (found === undefined) return undefined
  const wanted = endpointMethods.get(endpoint)
  if (wanted === undefined) return unknownEndpoint()
  if (method !== wanted) return wrongMethod(wanted)
  const fault = wrongContentType(headers['content-type'])
  return fault && faultAnswer(fault)
}

/** Astro would refuse it as well, and say nothing of the setting that is missing. A site's own forms are its own business. */
const isForeignForm = ({ method = 'GET', url = '/', headers }: IncomingMessage, siteUrl: string): boolean =>
  writing.has(method) &&
  /^[^?]*\/sign-(?:in|out)\/?(?:\?|$)/.test(url) &&
  !isOwnForm({ origin: headers.origin, at: shownOrigin(headers) }, siteUrl)

/** Astro cannot make a request of it. */
const refuseTrace = ({ method }: IncomingMessage): Answer | undefined =>
  method === 'TRACE'
    ? { status: 405, headers: { allow: 'GET, HEAD', 'content-length': '0', connection: 'close' } }
    : undefined

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers)
  response.end(body)
}

const headerReader =
  (request: IncomingMessage): HeaderReader =>
  (name) => {
    const value = request.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

/** The one path segment of a promo link, decoded as Astro would; `undefined` for every other path. Mail software doubles its slash. */
function slugOf(path: string): string | undefined {
  const segment = /^\/\/?([^/]+)\/?$/.exec(path)?.[1]
  if (!segment?.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

/** A request may name the whole URL (RFC 9112, 3.2.2), as it does to a proxy. */
const originForm = (target: string): string =>
  target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/^(?![/*])/, '/')

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

const plainNotFoundPage = '<!doctype html><title>Not found</title><h1>Not found</h1>'

/** The 404 page that the build has made, in either of its places. */
function readNotFoundPage(dist: string): string | undefined {
  const path = ['404.html', '404/index.html'].map((name) => join(dist, 'client', name)).find(existsSync)
  return path && readFileSync(path, 'utf8')
}
