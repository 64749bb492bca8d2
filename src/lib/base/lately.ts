import { LRUCache } from 'lru-cache'

/** So many texts are remembered, and none that is longer. */
type Bounds = { most: number; longest: number }

/**
 * A function of a text that remembers what it has answered lately: for texts that come again and again, among others
 * that somebody makes up. All who ask share an answer.
 */
export function lately<Answer extends {}>(
  work: (text: string) => Answer,
  { most, longest }: Bounds,
): (text: string) => Answer {
  const known = new LRUCache<string, Answer>({ max: most })
  return (text) => {
    const remembered = text.length <= longest ? known.get(text) : undefined
    if (remembered !== undefined) return remembered
    const answer = work(text)
    if (text.length > longest) return answer
    known.set(text, answer)
    return answer
  }
}
