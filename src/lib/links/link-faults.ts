import type { Lead } from '../model/link.ts'

/** Whether a URL was copied from HTML as it stands there: the parameter behind would be called `amp;…`. */
export const hasEntity = (url: string): boolean => /&(?:amp|#0*38|#x0*26);/i.test(url)

/** The slugs from a link over others back to itself, such as `['a', 'b', 'a']`; `undefined` where it leads away. */
export function loopFrom(
  slug: string,
  destinations: ReadonlyMap<string, string>,
  siteUrl: string,
): string[] | undefined {
  const way: string[] = []
  for (let at = slug; ; ) {
    way.push(at)
    const next = slugOn(siteUrl, destinations.get(at))
    if (next === undefined || !destinations.has(next)) return undefined
    if (next === slug) return [...way, slug]
    // Another loop, which is reported for the links in it.
    if (way.includes(next)) return undefined
    at = next
  }
}

/** The slug of a URL on this site. */
function slugOn(siteUrl: string, destination: string | undefined): string | undefined {
  if (destination === undefined || !URL.canParse(destination)) return undefined
  const { host, pathname } = new URL(destination)
  const site = new URL(siteUrl)
  const base = site.pathname.replace(/\/$/, '')
  if (host !== site.host || !pathname.startsWith(base)) return undefined
  return /^\/([^/]+)\/?$/.exec(pathname.slice(base.length))?.[1]?.toLowerCase()
}

export const wayOf = (loop: readonly string[]): string => loop.map((slug) => `/${slug}`).join(' → ')

/** The site makes these pages as they are asked for, so that nobody can compare their words with slugs. */
export const hintOnAnyWord = (route: string): string =>
  `links come before pages of ${route}, which are made on demand: give no link the name of one of them`

const mostNamed = 10

/** What is wrong with links that otherwise work, for the people who edit them; each kind names at most ten. */
export function hintsOn(links: readonly Lead[], siteUrl: string, pages: ReadonlySet<string>): string[] {
  const destinations = new Map(links.map(({ slug, destination_url }) => [slug, destination_url]))
  const loops = links.flatMap(({ slug }) => {
    const loop = loopFrom(slug, destinations, siteUrl)
    return loop && slug === loop.toSorted()[0] ? [wayOf(loop)] : []
  })
  const entities = links
    .filter(({ destination_url }) => hasEntity(destination_url))
    .map(({ slug }) => `/${slug}`)
  const hidden = links.filter(({ slug }) => pages.has(slug)).map(({ slug }) => `/${slug}`)
  const say = (named: readonly string[], text: string) =>
    named.length > 0
      ? [`${text}: ${named.slice(0, mostNamed).join(', ')}${named.length > mostNamed ? ', …' : ''}`]
      : []
  return [
    ...say(loops, 'links lead back to themselves; make one lead to the merchant'),
    ...say(entities, 'destinations have "&amp;" where "&" is meant'),
    ...say(hidden, 'pages of the site come before links of the same name; choose other slugs'),
  ]
}
