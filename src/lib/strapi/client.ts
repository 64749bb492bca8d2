import { LRUCache } from 'lru-cache'
import { readAtMost } from '../http/read-at-most.ts'
import { fail, messageOf, ok, type Result } from '../result.ts'

/**
 * What keeps Strapi from being of use. `message` is for the log; `advice` is for everybody, and says what a person has to
 * mend, where that is so.
 */
export type StrapiFault = {
  code: 'unreachable' | 'refused' | 'unsuitable' | 'busy' | 'failing'
  message: string
  advice?: string
}

export type StrapiPlace = {
  /** Without a slash at its end. */
  url: string
  token: string | undefined
  /** The collection type's plural API ID. */
  type: string
}

export type Strapi = {
  /** Asks for entries with this query, for so many milliseconds at the most; answers the JSON, of whatever shape. */
  ask(query: string, options: { patience: number; again?: boolean }): Promise<Result<unknown, StrapiFault>>
  /** Ends what is under way. */
  stop(): void
}

/** Bytes of an answer: a hundred links have a tenth of it, and reading it does not hold up redirects for long. */
const longestAnswer = 1024 * 1024
/** Milliseconds without a question after an answer that asks for a pause and does not say how long, and at the most. */
const usualPause = 30_000
const longestPause = 300_000
const longestReason = 200
const mostRemembered = 1_000

/**
 * Strapi's REST API, for reading one collection type. The token goes to this very address: no redirect is followed. What
 * is asked `again` and again is asked for conditionally, where Strapi or what stands before it gives an `ETag`.
 */
export function createStrapi({
  url,
  token,
  type,
  elapsed,
}: StrapiPlace & {
  /** A time in milliseconds that nobody sets. */
  elapsed: () => number
}): Strapi {
  const stopped = new AbortController()
  const remembered = new LRUCache<string, { etag: string; body: NonNullable<unknown> }>({
    max: mostRemembered,
  })
  let quietUntil = Number.NEGATIVE_INFINITY

  /** What Strapi says may hold what was sent to it. */
  const withoutToken = (text: string): string => (token === undefined ? text : text.replaceAll(token, '…'))

  const faultOf = async (response: Response): Promise<StrapiFault> => {
    const { status, headers } = response
    const text = (await readAtMost(response.body, longestAnswer))?.toString() ?? ''
    const said = withoutToken(errorOf(text)).slice(0, longestReason)
    const message = `answered with status ${status}${said === '' ? '' : `: ${said}`}`
    const known = adviceOn(status, type, said, headers.get('location'))
    if (known) return { ...known, message }
    if (status !== 429 && !headers.has('retry-after')) return { code: 'failing', message }
    quietUntil = elapsed() + pauseOf(headers)
    return { code: 'busy', message }
  }

  const fetchJson = async (query: string, patience: number, again: boolean) => {
    const known = again ? remembered.get(query) : undefined
    const response = await fetch(`${url}/api/${type}?${query}`, {
      redirect: 'manual',
      signal: AbortSignal.any([stopped.signal, AbortSignal.timeout(patience)]),
      headers: {
        accept: 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(known && { 'if-none-match': known.etag }),
      },
    })
    if (response.status === 304 && known) {
      await response.body?.cancel()
      return ok(known.body)
    }
    if (response.status !== 200) return fail(await faultOf(response))
    const bytes = await readAtMost(response.body, longestAnswer)
    if (!bytes) return fail(tooLong)
    const body: unknown = JSON.parse(bytes.toString())
    const etag = response.headers.get('etag')
    if (again && etag !== null && body) remembered.set(query, { etag, body })
    return ok(body)
  }

  return {
    async ask(query, { patience, again = false }) {
      const pause = quietUntil - elapsed()
      if (pause > 0) return fail(askedForPause)
      try {
        return await fetchJson(query, patience, again)
      } catch (error) {
        return fail(thrownFault(error, patience, withoutToken))
      }
    },
    stop: () => stopped.abort(),
  }
}

const tooLong: StrapiFault = {
  code: 'unsuitable',
  message: `answered more than ${longestAnswer} bytes`,
  advice: `Strapi answers more than ${longestAnswer} bytes for a page of entries: let no field hold that much`,
}
const askedForPause: StrapiFault = { code: 'busy', message: 'asked for a pause, which is not over yet' }

/** What a person has to mend, by the status. */
function adviceOn(
  status: number,
  type: string,
  said: string,
  location: string | null,
): Omit<StrapiFault, 'message'> | undefined {
  if (status === 401 || status === 403)
    return {
      code: 'refused',
      advice: `Strapi refuses the token: set PROMO_STRAPI_TOKEN to an API token that may "find" ${type}`,
    }
  if (status === 404)
    return {
      code: 'unsuitable',
      advice: `Strapi has no /api/${type}: mend PROMO_STRAPI_URL, or the setting that names the type`,
    }
  if (status === 400)
    return {
      code: 'unsuitable',
      advice: `Strapi does not take the fields that are asked for (${said}): name those of ${type} in the setting`,
    }
  if (status < 300 || status >= 400) return undefined
  const place = location !== null && URL.canParse(location) ? ` to ${new URL(location).origin}` : ''
  return {
    code: 'unsuitable',
    advice: `Strapi redirects${place}, which is not followed: set PROMO_STRAPI_URL to where it answers itself`,
  }
}

/** Milliseconds: `Retry-After` is in seconds, or a time by the clock of the answer's `Date`. */
function pauseOf(headers: Headers): number {
  const given = headers.get('retry-after') ?? ''
  const pause = /^\d+$/.test(given)
    ? Number(given) * 1_000
    : Date.parse(given) - Date.parse(`${headers.get('date')}`)
  return Number.isNaN(pause) ? usualPause : Math.min(Math.max(pause, 0), longestPause)
}

/** The message of an error in Strapi's form. */
const errorOf = (text: string): string => /"message"\s*:\s*"([^"\\]*)/.exec(text)?.[1] ?? ''

function thrownFault(error: unknown, patience: number, clean: (text: string) => string): StrapiFault {
  if (error instanceof SyntaxError) return { code: 'failing', message: 'answered with what is not JSON' }
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return { code: 'unreachable', message: `gave no whole answer within ${patience / 1_000} s` }
  const { cause }: { cause?: unknown } = Object(error)
  const told = [error, cause].filter((one) => one instanceof Error && one.message !== '').map(messageOf)
  return { code: 'unreachable', message: clean(told.join(': ')).slice(0, longestReason) }
}
