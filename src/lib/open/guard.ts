import type { Log } from '../base/log.ts'
import { messageOf } from '../base/result.ts'
import { refuseCaller, refuseWebhook } from '../http/access.ts'
import { type Answer, type ApiFault, faultAnswer } from '../http/answer.ts'
import type { Caller, HeaderReader } from '../http/client.ts'
import { type Endpoint, requestsPerMinute } from '../http/endpoints.ts'
import { limitPerMinute, type RateLimit } from '../http/rate-limits.ts'
import type { Metrics } from '../operations/metrics.ts'

/**
 * By endpoint. Callers who are `refused` have a limit of their own, since behind a proxy they may have the address of
 * one who is admitted.
 */
export type Limits = Record<Endpoint, Record<'admitted' | 'refused', RateLimit>>

export type GuardParts = {
  token: string | undefined
  /** The secret that Strapi's webhook has to send. */
  webhookSecret: string | undefined
  /** Why the request may not read analytics. */
  refuseReader: (header: HeaderReader) => Promise<ApiFault | undefined>
  limits: Limits
  metrics: Pick<Metrics, 'requests'>
  log: Log
}

const asOften = (endpoint: Endpoint) => ({
  admitted: limitPerMinute(requestsPerMinute[endpoint]),
  refused: limitPerMinute(requestsPerMinute[endpoint]),
})

export const endpointLimits = (): Limits => ({
  'track-impression': asOften('track-impression'),
  'track-click': asOften('track-click'),
  'track-conversion': asOften('track-conversion'),
  postback: asOften('postback'),
  'select-random': asOften('select-random'),
  'links/changed': asOften('links/changed'),
  metrics: asOften('metrics'),
  analytics: asOften('analytics'),
})

/** Lets a request to the API through if its caller may send it and has not sent too many, and counts the answer. */
export async function guard(
  parts: GuardParts,
  endpoint: Endpoint,
  { request, client }: { request: Request; client: Caller },
  respond: () => Promise<Answer>,
): Promise<Answer> {
  const answer = await limited(parts, endpoint, request, client, respond).catch((error: unknown) => {
    parts.log.error({ endpoint, reason: messageOf(error) }, 'an endpoint failed unexpectedly')
    return faultAnswer({ error: 'internal_error', message: "The site's log says more" })
  })
  parts.metrics.requests.inc({ endpoint, status: String(answer.status) })
  return answer
}

/** Whether a request is of somebody who may read metrics or analytics. */
export async function isOperator(
  { token, refuseReader }: Pick<GuardParts, 'token' | 'refuseReader'>,
  { request, client }: { request: Request; client: Caller },
): Promise<boolean> {
  const header: HeaderReader = (name) => request.headers.get(name) ?? undefined
  return !refuseCaller(client, header, token) || !(await refuseReader(header))
}

async function limited(
  parts: GuardParts,
  endpoint: Endpoint,
  request: Request,
  client: Caller,
  respond: () => Promise<Answer>,
): Promise<Answer> {
  const header: HeaderReader = (name) => request.headers.get(name) ?? undefined
  const refused = await refuse(parts, endpoint, client, header)
  const wait = await parts.limits[endpoint][refused ? 'refused' : 'admitted'](client.address)
  if (wait !== undefined) {
    const message = `Too many requests; try again in ${wait} s`
    return faultAnswer({ error: 'rate_limited', message, headers: { 'retry-after': String(wait) } })
  }
  return refused ? faultAnswer(refused) : await respond()
}

async function refuse(
  { token, webhookSecret, refuseReader }: GuardParts,
  endpoint: Endpoint,
  client: Caller,
  header: HeaderReader,
): Promise<ApiFault | undefined> {
  if (endpoint === 'analytics') return await refuseReader(header)
  // The secret is that of its link, which is looked up.
  if (endpoint === 'postback') return undefined
  if (endpoint === 'links/changed') return refuseWebhook(header, webhookSecret)
  return refuseCaller(client, header, token)
}
