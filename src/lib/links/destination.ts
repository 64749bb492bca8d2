import type { Link } from './link.ts'

/** A link as the redirect uses it: what does not depend on the visitor is worked out once. */
export type Destination = {
  slug: string
  /** The destination with the link's own parameters, which replace those of the same name. */
  location: string
  passParameters: boolean
}

const passable = /^(utm|mtm)_[a-z0-9_]{1,40}$/i
const longestValue = 500
const mostPassed = 20

export function destinationOf({ slug, destination_url, utm, pass_parameters }: Link): Destination {
  const url = new URL(destination_url)
  for (const [name, value] of Object.entries(utm)) url.searchParams.set(name, value)
  return { slug, location: url.href, passParameters: pass_parameters }
}

/**
 * Where a visitor goes. Their `utm_*` and `mtm_*` parameters go along, if the link says so, under names that the
 * destination does not have yet. `promo_var` never does.
 */
export function locationFor({ location, passParameters }: Destination, query: string): string {
  if (!passParameters || !/[um]tm_/i.test(query)) return location
  const url = new URL(location)
  let passed = 0
  for (const [name, value] of new URLSearchParams(query)) {
    if (passed === mostPassed) break
    if (!passable.test(name) || value.length > longestValue || url.searchParams.has(name)) continue
    url.searchParams.set(name, value)
    passed += 1
  }
  return url.href
}
