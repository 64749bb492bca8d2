import { LRUCache } from 'lru-cache'
import { fail, ok, type Result } from '../base/result.ts'
import { jsonOf, type NeighbourFault, openNeighbour, type Refusal } from '../neighbours/neighbour.ts'

export type StrapiFault = NeighbourFault

export type StrapiPlace = {
  /** Without a trailing slash. */
  url: string
  token: string | undefined
  /** The collection type's plural API ID. */
  type: string
}

export type Strapi = {
  /** Requests entries with this query, for at most this many milliseconds; returns the JSON, of any shape. */
  ask(query: string, options: { patience: number; again?: boolean }): Promise<Result<unknown, StrapiFault>>
  /** Ends what is under way. */
  stop(): void
}

/** Bytes of an answer: a hundred links need a tenth of it, and parsing it does not delay redirects for long. */
const longestAnswer = 1024 * 1024
const mostRemembered = 1_000

/**
 * Strapi's REST API, for reading one collection type. Repeated requests (`again`) are conditional if Strapi or a proxy
 * before it sends an `ETag`.
 */
export function openStrapi({
  url,
  token,
  type,
  elapsed,
}: StrapiPlace & {
  /** A monotonic clock in milliseconds. */
  elapsed: () => number
}): Strapi {
  const neighbour = openNeighbour({
    most: longestAnswer,
    secrets: () => [token],
    advise: (refusal) => adviceOn(refusal, type),
    elapsed,
  })
  const remembered = new LRUCache<string, { etag: string; body: NonNullable<unknown> }>({
    max: mostRemembered,
  })

  return {
    async ask(query, { patience, again = false }) {
      const known = again ? remembered.get(query) : undefined
      const answer = await neighbour.ask({
        url: `${url}/api/${type}?${query}`,
        patience,
        headers: {
          accept: 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(known && { 'if-none-match': known.etag }),
        },
        wanted: (status) => status === 200 || (status === 304 && known !== undefined),
      })
      if (!answer.ok) return answer.fault.status === 200 ? fail(withSizeAdvice(answer.fault)) : answer
      if (known && answer.value.status === 304) return ok(known.body)
      const read = jsonOf(answer.value)
      const etag = answer.value.headers.get('etag')
      if (again && etag !== null && read.ok && read.value) remembered.set(query, { etag, body: read.value })
      return read
    },
    stop: neighbour.stop,
  }
}

const withSizeAdvice = (fault: StrapiFault): StrapiFault => ({
  ...fault,
  advice: `Strapi answers with more than ${longestAnswer} bytes for a page of entries: keep long texts out of it`,
})

/** What a person has to fix, by status. */
function adviceOn({ status, said, redirectedTo }: Refusal, type: string): string | undefined {
  if (status === 401 || status === 403)
    return `Strapi refuses the token: set PROMO_STRAPI_TOKEN to an API token that may "find" ${type}`
  if (status === 404)
    return `Strapi has no /api/${type}: correct PROMO_STRAPI_URL, or the setting that names the type`
  if (status === 400)
    return `Strapi does not know the fields that are asked for (${said}): name those of ${type} in the setting`
  if (status < 300 || status >= 400) return undefined
  const place = redirectedTo === undefined ? '' : ` to ${redirectedTo}`
  return `Strapi redirects${place}, which is not followed: set PROMO_STRAPI_URL to the final address`
}
