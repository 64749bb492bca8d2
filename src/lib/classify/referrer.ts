import known from './referrers.json' with { type: 'json' }

export const referrerClasses = ['webmail', 'search', 'social', 'other', 'none'] as const

export type ReferrerClass = (typeof referrerClasses)[number]

type Site = { class: ReferrerClass; name: string }

const sites: ReadonlyMap<string, Site> = new Map([
  ...sitesOf('webmail', known.webmail),
  ...sitesOf('search', known.search),
  ...sitesOf('social', known.social),
])

/** Search engines have a site in each country. */
const countrySite = /^(google|bing)\.(?:com?\.)?[a-z]{2,3}$/

/**
 * What kind of site a click came from, and its usual name, or its host if it is not in the list. `null` and "none" mean
 * that the browser sent no referrer.
 */
export function classifyReferrer(host: string | null): Site {
  if (host === null || host === 'none') return { class: 'none', name: 'none' }
  for (let part = host; part !== ''; part = parentOf(part)) {
    const site =
      sites.get(part) ?? (countrySite.test(part) ? sites.get(`${part.split('.')[0]}.com`) : undefined)
    if (site) return site
  }
  return { class: 'other', name: host }
}

type ReferrerClicks = { value: string; clicks: number; human_clicks: number }

/**
 * Clicks by referrer class (only classes that occur), from clicks by host. "(other)", the report's sum of less frequent
 * hosts, counts as "other".
 */
export function byReferrerClass(hosts: readonly ReferrerClicks[]): ReferrerClicks[] {
  return referrerClasses
    .map((value) => {
      const members = hosts.filter((host) => classifyReferrer(host.value).class === value)
      return {
        value,
        clicks: members.reduce((sum, { clicks }) => sum + clicks, 0),
        human_clicks: members.reduce((sum, { human_clicks }) => sum + human_clicks, 0),
      }
    })
    .filter(({ clicks }) => clicks > 0)
}

/** The parent domain: a host of a known site that is not listed itself belongs to it. */
const parentOf = (host: string): string => (host.includes('.') ? host.slice(host.indexOf('.') + 1) : '')

function sitesOf(kind: ReferrerClass, names: Record<string, string>): [string, Site][] {
  return Object.entries(names).map(([host, name]) => [host, { class: kind, name }])
}
