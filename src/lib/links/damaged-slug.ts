import { unescape as decode } from 'node:querystring'
import { slugPattern } from '../model/link.ts'

/** Longer words are ignored. */
const longestWord = 200

/**
 * A promo link's slug without characters that no slug has at its ends, such as the `).` of a sentence around the link,
 * and the query that was encoded into it. `undefined` if no slug is left.
 */
export function repairSlug(slug: string, query: string): { slug: string; query: string } | undefined {
  const [word = '', ...inner] = decode(slug).split(/[?&#]/)
  if (word.length > longestWord) return undefined
  const repaired = word.toLowerCase().replace(/^[^a-z0-9]+|[^a-z0-9_-]+$/g, '')
  if (!slugPattern.test(repaired)) return undefined
  return { slug: repaired, query: [...inner, query].filter((part) => part !== '').join('&') }
}
