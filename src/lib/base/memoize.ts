import { LRUCache } from 'lru-cache'

/** How many texts are remembered at most, and how long a remembered text may be. */
type Bounds = { most: number; longest: number }

/**
 * A function of a text that remembers its latest answers: for texts that come again and again, even if somebody sends
 * made-up ones among them. All callers share an answer.
 */
export function memoize<Answer extends {}>(
  work: (text: string) => Answer,
  { most, longest }: Bounds,
): (text: string) => Answer {
  const known = new LRUCache<string, Answer>({ max: most })
  return (text) => {
    const remembered = text.length <= longest ? known.get(text) : undefined
    if (remembered !== undefined) return remembered
    const answer = work(text)
    if (text.length <= longest) known.set(text, answer)
    return answer
  }
}
