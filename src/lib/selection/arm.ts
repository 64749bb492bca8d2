import type { Candidate } from '../model/selection.ts'
import type { Evidence } from '../stats/dispersion.ts'
import type { Likeness } from '../stats/levels.ts'

/** Why the limits on repetition hold a variation back, the strictest first. */
export type Hold = 'offer_gap' | 'offer_share' | 'variation_gap'

/**
 * What a strategy sees of a variation. One with weight 0 cannot be chosen; what was learned of it helps to
 * judge others.
 */
export type Arm = Omit<Candidate, 'link_slug'> & {
  /** Effective clicks and recipients. */
  k: number
  n: number
  held: Hold | null
  /** What its conversions say of each of the levels of `Worth`; nothing where it had no clicks. */
  earned?: readonly Evidence[]
}

/** What clicks bring, where that counts. */
export type Worth = {
  currency: string
  /** What a click brings on the mean of all offers. */
  click: number
  /** How conversions a click differ, and amounts of a conversion: a click's value is the mean times both factors. */
  levels: readonly Likeness[]
}
