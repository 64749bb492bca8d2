import type { Link } from './link.ts'
import { headerUrl, joint, nameOf, splitUrl, withParameter } from './url-text.ts'

/** A link as the redirect uses it: what does not depend on the visitor is worked out once. */
export type Destination = {
  slug: string
  /** The destination as it is stored, with the link's own parameters, which replace those of the same name. */
  location: string
  /** Where the visitor's parameters go; `undefined` where none may pass. */
  passing: Passing | undefined
}

type Passing = {
  /** The location as far as the place where they are appended, and what follows it. */
  before: string
  after: string
  /** The parameters that it has. */
  names: ReadonlySet<string>
}

const passable = /^(utm|mtm)_[a-z0-9_]{1,40}$/i
const longestValue = 500
const mostPassed = 20

export function destinationOf({ slug, destination_url, utm, pass_parameters }: Link): Destination {
  const { head, query: stored, tail } = splitUrl(headerUrl(destination_url))
  let query = stored
  for (const [name, value] of Object.entries(utm)) query = withParameter(query, name, value)
  const whole = query === undefined ? head : `${head}?${query}`
  const passing = {
    before: query === undefined ? `${head}?` : whole + joint(query),
    after: tail,
    names: new Set(query?.split('&').map(nameOf)),
  }
  return { slug, location: whole + tail, passing: pass_parameters ? passing : undefined }
}

/**
 * Where a visitor goes. Their `utm_*` and `mtm_*` parameters go along as they came, if the link says so, under names that the
 * destination does not have yet. `promo_var` never does.
 */
export function locationFor({ location, passing }: Destination, query: string): string {
  if (!passing || !/[um]tm_/i.test(query)) return location
  const passed = new Map<string, string>()
  for (const parameter of query.replace(/#.*/s, '').split('&')) {
    if (passed.size === mostPassed) break
    const name = nameOf(parameter)
    if (!passable.test(name) || passing.names.has(name) || passed.has(name)) continue
    if (isTooLong(parameter)) continue
    passed.set(name, safe(parameter))
  }
  return passed.size === 0 ? location : passing.before + [...passed.values()].join('&') + passing.after
}

/** Values are counted in characters, however they are encoded. */
const isTooLong = (parameter: string): boolean =>
  parameter.length > longestValue &&
  [...new URLSearchParams(parameter).values()].some((value) => value.length > longestValue)

/** In a damaged link it stands inside another parameter. */
const promoVarInside = /(?:\?|%3f|%26)(?:amp;)*promo(?:_|%5f)var.*/is

/** A parameter that is part of the query wherever it is appended. */
const safe = (parameter: string): string =>
  parameter
    .replace(promoVarInside, '')
    .toWellFormed()
    .replace(/[^!$-;=?-~]/gu, encodeURIComponent)
