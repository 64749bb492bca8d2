/** A response as a value, the same for Astro's routes and for our own server. */
export type Answer = {
  status: number
  headers: Record<string, string>
  body?: string | Uint8Array<ArrayBuffer>
}

/** Every expected fault of the API, and the status that it is answered with. */
export const statusOf = {
  validation_error: 400,
  unauthorized: 401,
  forbidden: 403,
  no_eligible_promo: 404,
  not_found: 404,
  method_not_allowed: 405,
  body_too_slow: 408,
  event_id_reused: 409,
  newsletter_differs: 409,
  conversion_differs: 409,
  body_too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  internal_error: 500,
  tracking_failed: 503,
  database_unavailable: 503,
  keys_unavailable: 503,
  site_not_started: 503,
} as const

export type FaultCode = keyof typeof statusOf

/** A fault as the specification words it: `details` by field if fields are at fault, else a `message`. */
export type ApiFault = {
  error: FaultCode
  message?: string
  details?: Record<string, string>
  headers?: Record<string, string>
  fields?: Record<string, unknown>
}

/** The message for readers; callers who report something also learn whether it is kept. */
export const databaseUnavailable: ApiFault = {
  error: 'database_unavailable',
  message: 'The database does not answer. Redirects still work and clicks are kept; try again in a minute.',
}

/** For a request that did not come through the server that opens what an endpoint needs. */
export const siteNotStarted: ApiFault = {
  error: 'site_not_started',
  message: 'The promo tracking was not started with this site; its log says why',
}

/** The headers of every answer that is not a page. */
export const bareHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-robots-tag': 'noindex',
}

export const json = (status: number, body: unknown): Answer => ({
  status,
  headers: { ...bareHeaders, 'content-type': 'application/json; charset=utf-8' },
  body: JSON.stringify(body),
})

export const noContent = (): Answer => ({ status: 204, headers: { ...bareHeaders } })

export const plainText = (body: string, contentType: string): Answer => ({
  status: 200,
  headers: { ...bareHeaders, 'content-type': contentType },
  body,
})

export function faultAnswer({ error, message, details, headers, fields }: ApiFault): Answer {
  const answer = json(statusOf[error], {
    error,
    ...(message && { message }),
    ...(details && { details }),
    ...fields,
  })
  return { ...answer, headers: { ...answer.headers, ...headers } }
}

export const toResponse = ({ status, headers, body }: Answer): Response =>
  new Response(body ?? null, { status, headers })
