import { LRUCache } from 'lru-cache'
import type { Answer } from '../http/answer.ts'

/** Milliseconds for which the same question gets the same answer, of one moment as a whole. */
const sameFor = 3_000
/** A page of a year has about 100 kB. */
const mostAnswers = 32

export type Remember = (
  asked: { key: string; fresh: boolean },
  make: () => Promise<Answer>,
) => Promise<Answer>

/**
 * Gives an answer again that was given a moment ago, and lets those who ask the same at the same time wait for one
 * answer: pages that are loaded over and over cost redirects no time. What is not a success is not remembered; `fresh`
 * asks again in any case.
 */
export function createRemember(now: () => number): Remember {
  const known = new LRUCache<string, { at: number; answer: Promise<Answer> }>({ max: mostAnswers })
  return async ({ key, fresh }, make) => {
    const given = known.get(key)
    if (given && !fresh && now() - given.at < sameFor) return await given.answer
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

/** Whether a request asks for an answer that is not remembered: what browsers send where somebody insists. */
export const wantsFresh = ({ headers }: Pick<Request, 'headers'>): boolean =>
  /\bno-(cache|store)\b/i.test(headers.get('cache-control') ?? '')
