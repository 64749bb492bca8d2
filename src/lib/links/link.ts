import * as v from 'valibot'
import type { Result } from '../result.ts'

export const slugPattern = /^[a-z0-9][a-z0-9_-]{0,99}$/

/** Where a slug leads, and what is added to the destination on the way. */
export const linkSchema = v.object({
  /** Lower case. */
  slug: v.pipe(v.string(), v.regex(slugPattern)),
  destination_url: v.pipe(v.string(), v.check(isWebUrl)),
  /** `utm_*` and `mtm_*` parameters that the site owner sets for this link. */
  utm: v.record(v.string(), v.string()),
  /** Whether the visitor's own `utm_*` and `mtm_*` parameters are passed on. */
  pass_parameters: v.boolean(),
})

export type Link = v.InferOutput<typeof linkSchema>

/** Destinations are web pages: no `javascript:` and the like ever leaves as a redirect. */
export function isWebUrl(text: string): boolean {
  return URL.canParse(text) && ['https:', 'http:'].includes(new URL(text).protocol)
}

/** Whatever keeps a source from answering; the cache then goes on with what it has. */
export type LinkFault = { message: string }

/** Where links come from: the site's own table, or a content management system. Only active links count. */
export type LinkSource = {
  list(): Promise<Result<Link[], LinkFault>>
  find(slug: string): Promise<Result<Link | undefined, LinkFault>>
}
