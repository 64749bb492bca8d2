import type { Log } from '../base/log.ts'
import { whenThere } from '../base/maybe-promise.ts'
import type { Destination } from './destination.ts'
import type { RefreshingCache } from './refreshing-cache.ts'

export type Links = Pick<RefreshingCache<string, Destination>, 'get' | 'peek' | 'size' | 'values'>

/** Links of two sources; if both have a slug, the first one's link wins. A known link waits for neither. */
export function joinLinks(first: Links, second: Links): Links {
  const peek = (slug: string): Destination | undefined => first.peek(slug) ?? second.peek(slug)
  return {
    peek,
    get(slug) {
      const known = peek(slug)
      if (known !== undefined) return known
      // Both are asked at once, so that a visitor waits only for the slower one.
      const [asked, other] = [first.get(slug), second.get(slug)]
      return whenThere(asked, (found) => found ?? other)
    },
    get size() {
      return first.size + second.size
    },
    *values() {
      yield* first.values()
      for (const link of second.values()) if (first.peek(link.slug) === undefined) yield link
    },
  }
}

/** The slugs that both have, in alphabetical order. */
export const slugsInBoth = (first: Links, second: Links): string[] =>
  [...first.values()]
    .map(({ slug }) => slug)
    .filter((slug) => second.peek(slug) !== undefined)
    .sort()

const mostLogged = 20

/** Logs the slugs that both have, whenever they change. */
export function logBoth(log: Log): (slugs: readonly string[]) => void {
  let logged: string | undefined
  return (slugs) => {
    const text = slugs.join()
    if (text === logged) return
    logged = text
    if (slugs.length > 0)
      log.warn(
        { slugs: slugs.slice(0, mostLogged), count: slugs.length },
        'slugs are both in Strapi and in the table: Strapi wins; remove them from the table',
      )
  }
}
