import * as v from 'valibot'

/** What tracking needs to know of a text variation. */
export type Variation = {
  variation_id: number
  offer_id: number
  /** Null on offers adopted from an earlier system: their variations count on any slug. */
  link_slug: string | null
}

export const variationSchema = v.object({
  variation_id: v.number(),
  offer_id: v.number(),
  link_slug: v.nullable(v.string()),
})

/** What nearly all promo links have: digits, and nothing encoded before them. */
const plainPromoVar = /^(?:(?!promo_var[=&])[^&%]*&)*promo_var=(\d+)(?:&|$)/

/** The query's first `promo_var`, decoded; `undefined` where there is none. */
export function promoVarOf(query: string): string | undefined {
  if (!query.includes('promo') && !query.includes('%')) return undefined
  return plainPromoVar.exec(query)?.[1] ?? new URLSearchParams(query).get('promo_var') ?? undefined
}

/**
 * Reads `promo_var`: a decimal integer from 1 to 2147483647 without sign, blanks or leading zeros. `undefined` for
 * anything else, which is never recorded.
 */
export function parseVariationId(text: string): number | undefined {
  if (!/^[1-9]\d{0,9}$/.test(text)) return undefined
  const id = Number(text)
  return id <= 2_147_483_647 ? id : undefined
}
