import {
  createServer as createHttpServer,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { WholeRequest } from '../lib/http/bodies.ts'
import type { Connect } from './connect.ts'
import { responsesUntil } from './last-responses.ts'

/**
 * How long a connection waits for its next request, in milliseconds: longer than balancers keep theirs. A
 * connection that ends while a balancer sends something costs a reader a 502.
 */
const keepAliveTimeout = 65_000

export type ServerOptions = {
  front: Connect
  /** The site itself. */
  site: Connect
  /** For TLS without a proxy. */
  tls?: { cert: Buffer; key: Buffer } | undefined
  /** From then on no connection is kept for a next request. */
  stopping: AbortSignal
}

/** The site as one server. */
export function createServer({ front, site, tls, stopping }: ServerOptions): Server {
  // Requests without a body, which are nearly all, then need none of the work of ending one.
  const options = { optimizeEmptyRequests: true, ServerResponse: responsesUntil(stopping) }
  const listener: RequestListener = (request, response) => {
    front(request, response, () => site(request, response, () => response.writeHead(404).end()))
  }
  const server = tls
    ? createHttpsServer({ ...options, ...tls }, listener)
    : createHttpServer(options, listener)
  server.keepAliveTimeout = keepAliveTimeout
  server.on('checkContinue', (request: WholeRequest, response: ServerResponse) => {
    request.goOn = () => response.writeContinue()
    server.emit('request', request, response)
  })
  // Node would answer by itself, and read whatever follows.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  return server
}
