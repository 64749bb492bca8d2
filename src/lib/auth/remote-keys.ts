import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose'
import type { Log } from '../base/log.ts'
import { fail, messageOf, ok, type Result } from '../base/result.ts'

/** Thrown if the key of a token is unknown and the keys cannot be fetched: the token may well be valid. */
export class KeysUnavailable extends Error {}

/** Milliseconds for which fetched keys are fresh. */
const freshFor = 600_000
/** Milliseconds after which an unknown key causes another fetch. */
const renewedAfter = 30_000
/** Milliseconds before another try after one that failed. */
const retryAfter = 10_000
const logEvery = 60_000
const longestAnswer = 256 * 1024

type RemoteKeysParts = {
  url: string
  /** Milliseconds since 1970. */
  now: () => number
  log: Log
  /** Milliseconds that fetching may take. */
  patience?: number
}

/**
 * The public keys of another back end. While they cannot be fetched, the known ones stay valid without limit: a site
 * that is cut off has no better ones.
 */
export function createRemoteKeys({ url, now, log, patience = 3_000 }: RemoteKeysParts): JWTVerifyGetKey {
  let keys: JWTVerifyGetKey | undefined
  let fetchedAt = Number.NEGATIVE_INFINITY
  /** When fetching failed, unless it has worked since. */
  let failedAt = Number.NEGATIVE_INFINITY
  let fetching: Promise<void> | undefined
  const saidAt = new Map<string, number>()

  const say = (message: string, reason: string): void => {
    if (Math.abs(now() - (saidAt.get(message) ?? Number.NEGATIVE_INFINITY)) < logEvery) return
    saidAt.set(message, now())
    log.warn({ url, reason }, message)
  }

  const fetchAgain = (): Promise<void> => {
    fetching ??= fetchKeys(url, patience)
      .then((fetched) => {
        if (fetched.ok) {
          keys = fetched.value
          fetchedAt = now()
          failedAt = Number.NEGATIVE_INFINITY
          return
        }
        failedAt = now()
        say(
          keys
            ? 'the keys for tokens could not be fetched; known keys stay in use'
            : 'the keys for tokens could not be fetched',
          fetched.fault.message,
        )
      })
      .finally(() => {
        fetching = undefined
      })
    return fetching
  }
  const fetchIfOlder = async (age: number): Promise<void> => {
    // A clock that was set back must not delay the next try.
    if (Math.abs(now() - fetchedAt) >= age && Math.abs(now() - failedAt) >= retryAfter) await fetchAgain()
  }

  const unavailable = (): KeysUnavailable => {
    const message = 'a token was refused: its key is not known and the keys could not be fetched'
    say(message, 'see the warning about fetching them')
    return new KeysUnavailable(message)
  }

  return async (header, token) => {
    await fetchIfOlder(freshFor)
    try {
      if (keys) return await keys(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      await fetchIfOlder(renewedAfter)
    }
    if (!keys || failedAt > Number.NEGATIVE_INFINITY) throw unavailable()
    return await keys(header, token)
  }
}

/** Never more than `longestAnswer` bytes, never longer than `patience` for all of it, and from this very address. */
async function fetchKeys(
  url: string,
  patience: number,
): Promise<Result<JWTVerifyGetKey, { message: string }>> {
  try {
    const response = await fetch(url, {
      redirect: 'error',
      signal: AbortSignal.timeout(patience),
      headers: { accept: 'application/json, application/jwk-set+json' },
    })
    if (response.status !== 200 || !response.body) {
      await response.body?.cancel()
      return fail({ message: `answered with status ${response.status}` })
    }
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of response.body) {
      size += chunk.byteLength
      if (size > longestAnswer) return fail({ message: `answered with more than ${longestAnswer} bytes` })
      chunks.push(chunk)
    }
    return ok(createLocalJWKSet(JSON.parse(Buffer.concat(chunks).toString())))
  } catch (error) {
    return fail({ message: messageOf(error) })
  }
}
