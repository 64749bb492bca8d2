import { unescape as decode } from 'node:querystring'
import { slugPattern } from '../model/link.ts'

/** Longer words are ignored. */
const longestWord = 200

/**
 * The slug in a promo link's path, decoded, with whatever damage it has; `undefined` for a path of several words. Mail
 * software doubles the slashes around it, and leaves behind them what it leaves behind a slug, or a query with `?`
 * encoded. What is no UTF-8 becomes U+FFFD: a blank as `%A0`, or half of a character.
 */
export function slugIn(path: string): string | undefined {
  const text = path.includes('%') ? decode(path) : path
  const [, word, tail = ''] = /^\/+([^/?&#]+)\/*(.*)/s.exec(text) ?? []
  if (word === undefined || tail === '') return word
  const [behind = ''] = tail.split(/[?&#]/)
  return /[\p{L}\p{N}]/u.test(behind) ? undefined : (word + tail).replace(/\/$/, '')
}

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
