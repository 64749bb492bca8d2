import { existsSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import sirv from 'sirv'
import { messageOf } from '../lib/base/result.ts'
import type { Answer } from '../lib/http/answer.ts'
import type { Caller, HeaderReader } from '../lib/http/client.ts'
import { unlessKnown } from '../lib/http/etag.ts'
import { writingMethods, wrongMethod } from '../lib/http/methods.ts'
import { isOwnForm } from '../lib/http/own-form.ts'
import type { PromoTracking } from '../lib/index.ts'
import type { Connect } from './connect.ts'
import { builtPages } from './package-files.ts'
import { readPrerendered } from './prerendered.ts'
import { refuseAddress, shownOrigin, showPublicAddress } from './public-address.ts'

/** What Astro's Node adapter exports in `middleware` mode. */
export type AstroHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next: () => void,
  locals: { app: PromoTracking; client: Caller; root: string },
) => Promise<void>

export async function loadAstroHandler(): Promise<AstroHandler> {
  const entry = join(builtPages, 'server/entry.mjs')
  if (!existsSync(entry)) throw new Error(`${entry} is missing: run "npm run build:pages" first`)
  const { handler }: { handler: AstroHandler } = await import(pathToFileURL(entry).href)
  return handler
}

/** `headers` is a getter, which a click would call some twenty times. */
export const headerReader =
  ({ headers }: IncomingMessage): HeaderReader =>
  (name) => {
    const value = headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers)
  response.end(body)
}

export type OwnPagesOptions = { app: PromoTracking; astro: AstroHandler; root: string; files?: string }

/**
 * Our pages, endpoints and files, whose paths begin after `root`. Every other request is the site's, which gets it
 * unchanged.
 */
export function createOwnPages({
  app,
  astro,
  root,
  files = join(builtPages, 'client'),
}: OwnPagesOptions): Connect {
  const serveFile = sirv(files, { etag: true })
  const prerendered = readPrerendered(files, root)

  return (request, response, next) => {
    const { headers } = request
    const url = request.url ?? '/'
    request.headers = { ...headers }
    request.url = url.slice(root.length)
    const hand = (error?: unknown): void => {
      request.headers = headers
      request.url = url
      next(error)
    }
    const page = prerendered.get(request.url.replace(/\/?(?:\?.*)?$/s, ''))
    if (page) send(response, shown(page, request))
    else serveFile(request, response, () => askAstro(request, response, hand))
  }

  function askAstro(
    request: IncomingMessage,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ): void {
    const refused = refuseAddress(request)
    if (refused) {
      send(response, refused)
      return
    }
    const peer = request.socket.remoteAddress ?? ''
    const client = app.caller(peer, headerReader(request), request.httpVersion)
    showPublicAddress(request.headers, app.config.SITE_URL)
    if (isForeignForm(request, app.config.SITE_URL)) {
      send(response, app.refuseForeignForm(request.headers.origin))
      return
    }
    astro(request, response, next, { app, client, root }).catch((error: unknown) => {
      app.log.error({ reason: messageOf(error) }, 'a page failed unexpectedly')
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  }
}

function shown(page: Answer, { method, headers }: IncomingMessage): Answer {
  if (method !== 'GET' && method !== 'HEAD') return wrongMethod('GET')
  return unlessKnown(page, headers['if-none-match'] ?? null)
}

/** Astro would refuse it as well, and say nothing of the setting that is missing. */
const isForeignForm = ({ method = 'GET', url = '/', headers }: IncomingMessage, siteUrl: string): boolean =>
  writingMethods.has(method) &&
  /^\/sign-(?:in|out)\/?(?:\?|$)/.test(url) &&
  !isOwnForm({ origin: headers.origin, at: shownOrigin(headers) }, siteUrl)
