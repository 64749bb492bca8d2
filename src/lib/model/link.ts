import * as v from 'valibot'
/**
 * Clicks of some days: all recorded ones, those of them by a damaged link, and those that did not name exactly one
 * text.
 */
export type LinkDamage = { clicks: number; damaged: number; unreadable: number }

/** What was wrong with a link: it could still be read, or its `promo_var` does not name exactly one text. */
export type Damage = 'damaged' | 'unreadable'

/** Where the slug of an active link leads. */
export type Lead = { slug: string; destination_url: string }

export const slugPattern = /^[a-z0-9][a-z0-9_-]{0,99}$/

const longestUrl = 2_048

/** JSON has numbers and booleans, and `{"utm_id": 7}` is unambiguous. */
const parameter = v.pipe(
  v.union([v.string(), v.number(), v.boolean()], 'must be a string'),
  v.transform((value) => `${value}`),
)

/** For valibot an array is an object, too, with numbers as names. */
export const recordOf = <Name extends v.GenericSchema<string>, Value extends v.GenericSchema>(
  name: Name,
  value: Value,
  message: string,
) =>
  v.pipe(
    v.unknown(),
    v.check((given) => !Array.isArray(given), message),
    v.record(name, value, message),
  )

/** The name of a destination's parameter. */
export const clickIdParameter = v.pipe(
  v.string('must be a string'),
  v.regex(
    /^[A-Za-z][A-Za-z0-9_.-]{0,49}$/,
    'must be a name of 1 to 50 letters, digits, "_", "-" or ".", beginning with a letter',
  ),
  v.check(
    (name) => name.toLowerCase() !== 'promo_var',
    'must not be promo_var; use the name that the network has for it',
  ),
)

/** Where a slug leads, and what is added to the destination. */
export const linkSchema = v.object({
  /** Lower case. */
  slug: v.pipe(
    v.string('must be a string'),
    v.regex(slugPattern, 'must be lower case letters, digits, "-" or "_"'),
  ),
  destination_url: v.pipe(
    v.string('must be a string'),
    v.check(isWebUrl, 'must be a complete URL that begins with https:// or http://'),
    v.check(
      (text) => text.length <= longestUrl || [...text].length <= longestUrl,
      `must have at most ${longestUrl} characters`,
    ),
  ),
  /** `utm_*` and `mtm_*` parameters that the site owner sets for this link. */
  utm: recordOf(v.string(), parameter, 'must be a JSON object of strings'),
  /** Whether the visitor's own `utm_*` and `mtm_*` parameters are passed on. */
  pass_parameters: v.boolean('must be true or false'),
  /** The parameter that passes the click's id to the merchant's network; snapshots of earlier versions have none. */
  click_id_parameter: v.nullish(clickIdParameter, null),
})

export type Link = v.InferOutput<typeof linkSchema>

/** Destinations are web pages: `javascript:` and the like are never redirected to. */
export function isWebUrl(text: string): boolean {
  return URL.canParse(text) && ['https:', 'http:'].includes(new URL(text).protocol)
}
