import { request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { fail, messageOf, ok, type Result } from '../lib/base/result.ts'

export type SiteAnswer = { status: number; location: string | undefined }

/** Milliseconds that a site may take for a redirect. */
const patience = 5_000

/**
 * Sends exactly these headers, on a connection of its own: `fetch` would name a user agent where there is to be
 * none.
 */
export function askSite(
  url: URL,
  method: 'GET' | 'HEAD',
  headers: Record<string, string>,
): Promise<Result<SiteAnswer, { message: string }>> {
  const request = url.protocol === 'https:' ? requestSecure : requestPlain
  return new Promise((resolve) => {
    const sent = request(url, { method, headers, agent: false, timeout: patience }, (response) => {
      response.resume()
      response.on('error', (error) => resolve(fail({ message: messageOf(error) })))
      response.on('end', () =>
        resolve(ok({ status: response.statusCode ?? 0, location: response.headers.location })),
      )
    })
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')))
    sent.on('error', (error) => resolve(fail({ message: messageOf(error) || 'the connection was refused' })))
    sent.end()
  })
}
