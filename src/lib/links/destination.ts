import { memoize } from '../base/memoize.ts'
import type { Link } from '../model/link.ts'
import { aroundParameter, headerUrl, joint, nameOf, splitUrl, withParameter } from './url-text.ts'

/** A link as the redirect uses it: what does not depend on the visitor is computed once. */
export type Destination = {
  slug: string
  /** The destination as it is stored, with the link's own parameters, which replace those of the same name. */
  location: string
  /** Where the visitor's parameters go; `undefined` if none may pass. */
  passing: Passing | undefined
  /** Where a click's id goes; `undefined` if the link has no parameter for it. */
  clickId: ClickIdPlace | undefined
}

type Passing = {
  /** The location up to where they are appended, and what follows. */
  before: string
  after: string
  /** What is passed on of a visitor's query. */
  passedOn: (query: string) => string
}

type ClickIdPlace = {
  /** The location up to the id, the rest of its query, and what follows. */
  before: string
  after: string
  tail: string
}

const passable = /^(utm|mtm)_[a-z0-9_]{1,40}$/i
const longestValue = 500
const mostPassed = 20
/** Of each link: the readers of a newsletter come with the same few queries, of which none is long. */
const remembered = { most: 10, longest: 200 }

export function destinationOf(link: Link): Destination {
  const { slug, destination_url, utm, pass_parameters, click_id_parameter } = link
  const { head, query: stored, tail } = splitUrl(headerUrl(destination_url))
  let query = stored
  for (const [name, value] of Object.entries(utm)) query = withParameter(query, name, value)
  const whole = query === undefined ? head : `${head}?${query}`
  const names = new Set(query?.split('&').map(nameOf))
  const passing = {
    before: query === undefined ? `${head}?` : whole + joint(query),
    after: tail,
    passedOn: memoize((text) => passedOn(names, text), remembered),
  }
  return {
    slug,
    location: whole + tail,
    passing: pass_parameters ? passing : undefined,
    clickId: click_id_parameter === null ? undefined : placeOf(head, query, tail, click_id_parameter),
  }
}

function placeOf(head: string, query: string | undefined, tail: string, name: string): ClickIdPlace {
  const { before, after } = aroundParameter(query, name)
  return { before: `${head}?${before}`, after, tail }
}

/**
 * Where a visitor goes. Their `utm_*` and `mtm_*` parameters are passed on unchanged, if the link says so and the
 * destination does not have that name yet; those with a token that the mail software did not fill in are dropped.
 * `promo_var` is never passed on. The click's id replaces what the destination has under the name that the link gives
 * it.
 */
export function locationFor(destination: Destination, query: string, clickId?: string): string {
  const { location, passing, clickId: place } = destination
  const passed = passing && query !== '' ? passing.passedOn(query) : ''
  if (place && clickId !== undefined) {
    const rest = passed === '' ? place.after : place.after + joint(place.after || clickId) + passed
    return place.before + clickId + rest + place.tail
  }
  return passing && passed !== '' ? passing.before + passed + passing.after : location
}

/** The visitor's parameters that are passed on. */
function passedOn(names: ReadonlySet<string>, query: string): string {
  const passed = new Map<string, string>()
  for (const parameter of query.replace(ampersand, '$1').replace(/#.*/s, '').split('&')) {
    if (passed.size === mostPassed) break
    const name = nameOf(parameter)
    if (!passable.test(name) || names.has(name) || passed.has(name)) continue
    if (isTooLong(parameter) || tokenLeft.test(parameter)) continue
    passed.set(name, safe(parameter))
  }
  return [...passed.values()].join('&')
}

/** What mail software turns an `&` in HTML into, once or twice. */
const ampersand = /(^|&)(?:(?:amp|(?:#|%23)0*38|(?:#|%23)x0*26)(?:;|%3b))+/gi
/** Such as `{contactfield=firstname|friend}`. */
const tokenLeft = /(?:\{|%7b)\w+(?:=|%3d)/i

/** Values are counted in characters, however they are encoded. */
const isTooLong = (parameter: string): boolean =>
  parameter.length > longestValue &&
  [...new URLSearchParams(parameter).values()].some((value) => value.length > longestValue)

/** In a damaged link it is inside another parameter. */
const promoVarInside = /(?:\?|%3f|%26)(?:amp;|%20|\+)*promo(?:\\|%5c)?(?:_|%5f)var.*/is

/** A parameter that is part of the query wherever it is appended. */
const safe = (parameter: string): string =>
  parameter
    .replace(promoVarInside, '')
    .toWellFormed()
    .replace(/[^!$-;=?-~]/gu, encodeURIComponent)
