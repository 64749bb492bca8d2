import type { Link } from './link.ts'

const passable = /^(utm|mtm)_[a-z0-9_]{1,40}$/i
const longestValue = 500
const mostPassed = 20

/**
 * The URL that a click is sent to. The link's own parameters replace the destination's of the same name; the
 * visitor's are added, if the link says so, under names that neither has. `promo_var` never goes along.
 */
export function destination(link: Link, visitor: URLSearchParams): string {
  const url = new URL(link.destination_url)
  for (const [name, value] of Object.entries(link.utm)) url.searchParams.set(name, value)
  if (!link.pass_parameters) return url.href
  let passed = 0
  for (const [name, value] of visitor) {
    if (passed === mostPassed) break
    if (!passable.test(name) || value.length > longestValue || url.searchParams.has(name)) continue
    url.searchParams.set(name, value)
    passed += 1
  }
  return url.href
}
