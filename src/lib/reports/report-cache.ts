import { LRUCache } from 'lru-cache'
import type { Answer } from '../http/answer.ts'

/** Milliseconds for which the same query gets the same answer. */
const sameFor = 3_000
/** A page of a year has about 100 kB. */
const mostAnswers = 32

export type Remember = (
  asked: { key: string; fresh: boolean },
  make: () => Promise<Answer>,
) => Promise<Answer>

/**
 * Reuses an answer from a moment ago, and lets concurrent requests for the same wait for one answer, so that pages that
 * are reloaded over and over do not slow down redirects. Only successes are remembered; `fresh` asks again in any case.
 */
export function createRemember(now: () => number): Remember {
  const known = new LRUCache<string, { at: number; answer: Promise<Answer> }>({ max: mostAnswers })
  return async ({ key, fresh }, make) => {
    const given = known.get(key)
    if (given && !fresh && Math.abs(now() - given.at) < sameFor) return await given.answer
    const made = { at: now(), answer: make() }
    known.set(key, made)
    const forget = () => {
      if (known.get(key) === made) known.delete(key)
    }
    try {
      const answer = await made.answer
      if (answer.status !== 200) forget()
      return answer
    } catch (error) {
      forget()
      throw error
    }
  }
}

/** Whether a request asks for a fresh answer, as browsers do when somebody reloads. */
export const wantsFresh = ({ headers }: Pick<Request, 'headers'>): boolean =>
  /\bno-(cache|store)\b/i.test(headers.get('cache-control') ?? '')
