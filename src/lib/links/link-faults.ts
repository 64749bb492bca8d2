import type { Lead } from '../model/link.ts'
import { repairSlug, slugIn } from './damaged-slug.ts'

/** Whether a URL was copied from HTML source: the next parameter would be called `amp;…`. */
export const hasEntity = (url: string): boolean => /&(?:amp|#0*38|#x0*26);/i.test(url)

/** The slugs from a link over others to one that is among them already; `undefined` if it leads away. */
function circleFrom(
  slug: string,
  destinations: ReadonlyMap<string, string>,
  siteUrl: string,
): string[] | undefined {
  const way: string[] = []
  for (let at = slug; ; ) {
    way.push(at)
    const next = slugOn(siteUrl, destinations.get(at))
    if (next === undefined || !destinations.has(next)) return undefined
    if (way.includes(next)) return [...way, next]
    at = next
  }
}

/** The slugs from a link over others back to itself, such as `['a', 'b', 'a']`; `undefined` if it leads elsewhere. */
export function loopFrom(
  slug: string,
  destinations: ReadonlyMap<string, string>,
  siteUrl: string,
): string[] | undefined {
  const circle = circleFrom(slug, destinations, siteUrl)
  return circle?.at(-1) === slug ? circle : undefined
}

/** The slug that a URL on this site is answered for, damaged or not. */
function slugOn(siteUrl: string, destination: string | undefined): string | undefined {
  if (destination === undefined || !URL.canParse(destination)) return undefined
  const { host, pathname } = new URL(destination)
  const site = new URL(siteUrl)
  const base = site.pathname.replace(/\/$/, '')
  if (host !== site.host || !pathname.startsWith(base)) return undefined
  const slug = slugIn(pathname.slice(base.length))
  return slug === undefined ? undefined : repairSlug(slug, '')?.slug
}

export const wayOf = (loop: readonly string[]): string => loop.map((slug) => `/${slug}`).join(' → ')

/** The site renders these pages on request, so their words cannot be compared with slugs. */
export const hintOnAnyWord = (route: string): string =>
  `links come before pages of ${route}, which are made on demand: give no link the name of one of them`

const mostNamed = 10

/** A valid link that leads readers nowhere, or to the wrong place. */
export type FaultyLink = { slug: string; reason: string }

/**
 * What is wrong with valid links, for whoever edits them: a sentence about each kind, which names at most ten links,
 * and every such link by itself.
 */
export function examineLinks(
  links: readonly Lead[],
  siteUrl: string,
  pages: ReadonlySet<string>,
): { hints: string[]; faulty: FaultyLink[] } {
  const destinations = new Map(links.map(({ slug, destination_url }) => [slug, destination_url]))
  const circles = links.flatMap(({ slug }) => {
    const way = circleFrom(slug, destinations, siteUrl)
    return way ? [{ slug, way }] : []
  })
  const loops = circles.filter(({ slug, way }) => way.at(-1) === slug && slug === way.toSorted()[0])
  const entities = links.filter(({ destination_url }) => hasEntity(destination_url))
  const hidden = links.filter(({ slug }) => pages.has(slug))
  const say = (named: readonly string[], text: string) =>
    named.length > 0
      ? [`${text}: ${named.slice(0, mostNamed).join(', ')}${named.length > mostNamed ? ', …' : ''}`]
      : []
  const pathOf = ({ slug }: { slug: string }) => `/${slug}`
  return {
    hints: [
      ...say(
        loops.map(({ way }) => wayOf(way)),
        'links lead back to themselves; make one lead to the merchant',
      ),
      ...say(entities.map(pathOf), 'destinations have "&amp;" where "&" is meant'),
      ...say(hidden.map(pathOf), 'pages of the site come before links of the same name; choose other slugs'),
    ],
    faulty: [
      ...circles.map(({ slug, way }) => ({ slug, reason: `leads in a circle: ${wayOf(way)}` })),
      ...entities.map(({ slug }) => ({ slug, reason: 'its destination has "&amp;" where "&" is meant' })),
      ...hidden.map(({ slug }) => ({ slug, reason: 'a page of the site has the same name and comes first' })),
    ],
  }
}
