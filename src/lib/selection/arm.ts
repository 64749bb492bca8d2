import type { Candidate } from '../model/selection.ts'
import type { Evidence } from '../stats/dispersion.ts'
import type { Likeness } from '../stats/levels.ts'

/** Why the limits on repetition hold a variation back, the strictest first. */
export type Hold = 'offer_gap' | 'offer_share' | 'variation_gap'

/**
 * What a strategy sees of a variation. One with weight 0 cannot be chosen, but what was learned from it helps to judge
 * others.
 */
export type Arm = Omit<Candidate, 'link_slug'> & {
  /** Effective clicks and recipients. */
  k: number
  n: number
  held: Hold | null
  /** Evidence from its conversions for each level of `Worth`; missing if it had no clicks. */
  earned?: readonly Evidence[]
}

/** The value of clicks, if revenue is the goal. */
export type Worth = {
  currency: string
  /** The value of a click on average over all offers. */
  click: number
  /** How conversions per click and amounts per conversion differ: a click's value is the mean times both factors. */
  levels: readonly Likeness[]
}
