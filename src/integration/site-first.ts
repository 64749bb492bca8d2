import { randomUUID } from 'node:crypto'
import { request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import type { Connect } from '../server/connect.ts'

const header = 'x-promo-asks-site'

/**
 * In `astro dev` nobody knows which words a route has that a build makes ahead: the site is asked, and a page of its
 * own comes before a link. `find` answers the path to ask for, where such a route may have the word of a request.
 */
export function siteFirst(front: Connect, find: (target: string) => string | undefined): Connect {
  const secret = randomUUID()

  const hasPage = (socket: Socket, path: string, host = 'localhost'): Promise<boolean> =>
    new Promise((resolve) => {
      const { localAddress, localPort } = socket
      const request = 'encrypted' in socket ? requestSecure : requestPlain
      const sent = request(
        {
          path,
          host: localAddress,
          port: localPort,
          method: 'HEAD',
          rejectUnauthorized: false,
          headers: { host, [header]: secret },
        },
        (response) => {
          response.resume()
          resolve(response.statusCode !== 404)
        },
      )
      sent.on('error', () => resolve(false))
      sent.end()
    })

  return (request, response, next) => {
    if (request.headers[header] === secret) return next()
    const path = find(request.url ?? '/')
    if (path === undefined) return front(request, response, next)
    void hasPage(request.socket, path, request.headers.host).then((page) =>
      page ? next() : front(request, response, next),
    )
  }
}

type Socket = Parameters<Connect>[0]['socket']
