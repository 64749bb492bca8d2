import { parseJson } from '../base/json.ts'
import { fail, messageOf, ok, type Result } from '../base/result.ts'
import { readAtMost } from '../http/read-at-most.ts'

/**
 * Why another server cannot be used. `message` is for the log; `advice` is for everybody, and says what a person has to
 * fix, if anything.
 */
export type NeighbourFault = {
  code: 'unreachable' | 'refused' | 'unsuitable' | 'busy' | 'failing'
  message: string
  advice?: string
  /** The status of its answer, if it answered. */
  status?: number
  /** Milliseconds for which it asks not to be called, if it does. */
  pause?: number
}

export type NeighbourRequest = {
  url: string
  /** Milliseconds within which the complete answer must arrive. */
  patience: number
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  body?: string
  /** Which statuses are accepted; by default 200. */
  wanted?: (status: number) => boolean
}

export type NeighbourAnswer = { status: number; headers: Headers; body: Buffer }

/** What is used of `fetch`. */
export type Fetch = (
  url: string,
  init: {
    method: string
    headers: Record<string, string>
    body?: string
    redirect: 'manual'
    signal: AbortSignal
  },
) => Promise<{ status: number; headers: Headers; body: AsyncIterable<Uint8Array> | null }>

export type Neighbour = {
  ask(question: NeighbourRequest): Promise<Result<NeighbourAnswer, NeighbourFault>>
  /** Ends what is under way. */
  stop(): void
}

/** An unusable answer, for the caller's advice: `said` is its message. */
export type Refusal = { status: number; said: string; redirectedTo: string | undefined }

/** Milliseconds to pause after an answer that asks for it: by default, and at most. */
const usualPause = 30_000
const longestPause = 300_000
const longestReason = 200

/**
 * Calls somebody else's server: within a time limit, for at most `most` bytes (decompressed), without following
 * redirects, so that secrets go to no other address, and not at all while it asks for a pause.
 */
export function openNeighbour({
  most,
  secrets,
  advise,
  elapsed,
  fetch = globalThis.fetch,
}: {
  most: number
  /** Secrets that no message may contain, although the server may repeat them. */
  secrets: () => readonly (string | undefined)[]
  /** What a person has to fix, if that is known. */
  advise: (refusal: Refusal) => string | undefined
  /** A monotonic clock in milliseconds. */
  elapsed: () => number
  fetch?: Fetch
}): Neighbour {
  const stopped = new AbortController()
  let quietUntil = Number.NEGATIVE_INFINITY

  const withoutSecrets = (text: string): string =>
    secrets().reduce<string>(
      (left, secret) => (secret === undefined || secret === '' ? left : left.replaceAll(secret, '…')),
      text,
    )

  const faultOf = async (response: Awaited<ReturnType<Fetch>>): Promise<NeighbourFault> => {
    const { status, headers } = response
    const text = (await readAtMost(response.body, most))?.toString() ?? ''
    const said = withoutSecrets(errorOf(text)).slice(0, longestReason)
    const message = `answered with status ${status}${said === '' ? '' : `: ${said}`}`
    if (status === 429 || (status >= 500 && headers.has('retry-after'))) {
      const pause = pauseOf(headers)
      quietUntil = elapsed() + pause
      return { code: 'busy', message, status, pause }
    }
    const location = headers.get('location')
    const redirectedTo = location !== null && URL.canParse(location) ? new URL(location).origin : undefined
    const advice = advise({ status, said, redirectedTo })
    return { code: codeOf(status), message, status, ...(advice !== undefined && { advice }) }
  }

  const fetchAnswer = async (
    question: NeighbourRequest,
  ): Promise<Result<NeighbourAnswer, NeighbourFault>> => {
    const { url, patience, method = 'GET', headers = {}, body, wanted = isOk } = question
    const response = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      ...(body !== undefined && { body }),
      signal: AbortSignal.any([stopped.signal, AbortSignal.timeout(patience)]),
    })
    const { status } = response
    if (!wanted(status)) return fail(await faultOf(response))
    const bytes = await readAtMost(response.body, most)
    return bytes
      ? ok({ status, headers: response.headers, body: bytes })
      : fail({ code: 'unsuitable', message: `answered with more than ${most} bytes`, status })
  }

  return {
    async ask(question) {
      const pause = quietUntil - elapsed()
      if (pause > 0) return fail({ code: 'busy', message: 'asked for a pause that is not over yet', pause })
      try {
        return await fetchAnswer(question)
      } catch (error) {
        return fail({ code: 'unreachable', message: withoutSecrets(thrown(error, question.patience)) })
      }
    },
    stop: () => stopped.abort(),
  }
}

/** The JSON of an answer, of any shape. */
export function jsonOf({ body }: NeighbourAnswer): Result<unknown, NeighbourFault> {
  const json = parseJson(body.toString())
  return json.ok ? json : fail({ code: 'failing', message: 'answered with something other than JSON' })
}

const isOk = (status: number): boolean => status === 200

/** Permanent failures are distinguished from temporary ones. */
function codeOf(status: number): NeighbourFault['code'] {
  if (status === 401 || status === 403) return 'refused'
  return status >= 300 && status < 500 && status !== 408 ? 'unsuitable' : 'failing'
}

/** Milliseconds: `Retry-After` is in seconds, or a time by the clock of the answer's `Date`. */
function pauseOf(headers: Headers): number {
  const given = headers.get('retry-after') ?? ''
  const pause = /^\d+$/.test(given)
    ? Number(given) * 1_000
    : Date.parse(given) - Date.parse(`${headers.get('date')}`)
  return Number.isNaN(pause) ? usualPause : Math.min(Math.max(pause, 0), longestPause)
}

/** The first message in an error, or OAuth's description. */
const errorOf = (text: string): string =>
  /"(?:message|error_description)"\s*:\s*"([^"\\]*)/.exec(text)?.[1] ?? ''

function thrown(error: unknown, patience: number): string {
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return `gave no complete answer within ${patience / 1_000} s`
  const { cause }: { cause?: unknown } = Object(error)
  const messages = [error, cause].filter((one) => one instanceof Error && one.message !== '').map(messageOf)
  return messages.join(': ').slice(0, longestReason)
}
