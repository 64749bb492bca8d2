import { unescape as decode } from 'node:querystring'
import { memoize } from '../base/memoize.ts'

/** The text that a promo link's query names. */
export type PromoVar = {
  variationId: number
  /** Whether the link was damaged on its way but still names one text. */
  damaged: boolean
}

/** The usual form: one `promo_var` of plain digits. */
const plainQuery = /^(?:[^&?;#]*&)*?promo_var=([1-9]\d{0,9})(?:&[^?;#]*)?$/
const anyName = /promo\\?_var/i

/**
 * The name with what mail software turns the `&` before it into, in a line that was broken before or after it, and with
 * what a Markdown editor puts around or into it.
 */
const namedSo =
  /^[^\p{L}\p{N}_=]*(?:(?:amp|#?0*38|#?x0*26);[^\p{L}\p{N}_=]*){0,2}promo\\?_var[^\p{L}\p{N}_=]*$/iu
/**
 * Spaces, which a query also writes as `+`, and zeros before a number leave it the same number, and so do opening
 * quotes and Markdown's emphasis. A sign, a point or what is still encoded might change it, and in brackets it may be
 * the number of a placeholder that was not replaced.
 */
const readable = /^[\s\u200b+"'`´„‚\p{Pi}\p{Pf}*_]*0*([1-9]\d{0,9})[^\p{L}\p{N}]*$/u
/** How often link wrappers may have encoded it again. */
const mostDecoded = 2
/** The readers of a newsletter come with the same few queries, of which none is long. */
const remembered = { most: 1_000, longest: 200 }

/** The same as `readPromoVar`, with a memory. */
export const createPromoVarReader = (): typeof readPromoVar => memoize(readPromoVar, remembered)

/**
 * Reads which text a query names with `promo_var`: a decimal integer from 1 to 2147483647, after nothing but spaces,
 * zeros, opening quotes and emphasis, followed by nothing or by characters that are neither letter nor digit. What mail
 * software does to `&`, `=`, `?` and case is undone, and the name may have characters at its ends that no name has.
 * `untracked` if there is no such name, `unreadable` if it does not name exactly one text.
 */
export function readPromoVar(query: string): PromoVar | 'untracked' | 'unreadable' {
  if (query === '') return 'untracked'
  const plain = readPlain(query)
  if (plain !== undefined) return { variationId: plain, damaged: false }
  if (!/promo|%/i.test(query)) return 'untracked'
  let text = query
  for (let decoded = 0; decoded <= mostDecoded; decoded += 1) {
    const values = valuesIn(text)
    if (values.length > 0) return judge(values, query)
    text = decode(text)
  }
  return 'untracked'
}

function readPlain(query: string): number | undefined {
  // A name may be encoded, too.
  if (query.includes('%')) return undefined
  const digits = plainQuery.exec(query)?.[1]
  if (digits === undefined) return undefined
  const rest = query.slice(query.search(anyName) + 1)
  return anyName.test(rest) ? undefined : idOf(digits)
}

/** The values of all parameters of that name, with what separates parameters in a damaged link too. */
const valuesIn = (text: string): string[] =>
  text.split(/[&?#]/).flatMap((parameter) => {
    const end = parameter.indexOf('=')
    const [name, value] = end === -1 ? [parameter, ''] : [parameter.slice(0, end), parameter.slice(end + 1)]
    return namedSo.test(decode(name)) ? decode(value).replace(/[&?#].*/s, '') : []
  })

function judge(values: readonly string[], query: string): PromoVar | 'unreadable' {
  const [variationId, ...others] = values.map((value) => idOf(readable.exec(value)?.[1]))
  if (variationId === undefined || others.some((other) => other !== variationId)) return 'unreadable'
  const intact = new URLSearchParams(query).getAll('promo_var')
  return { variationId, damaged: !intact.includes(String(variationId)) }
}

function idOf(digits: string | undefined): number | undefined {
  const id = Number(digits)
  return id <= 2_147_483_647 ? id : undefined
}
