import type { Candidate } from '../model/selection.ts'

/** Why the limits on repetition hold a variation back, the strictest first. */
export type Hold = 'offer_gap' | 'offer_share' | 'variation_gap'

/** What a strategy sees of a variation. One with weight 0 cannot be chosen; what was learned of it helps to judge others. */
export type Arm = Omit<Candidate, 'link_slug'> & {
  /** Effective clicks and recipients. */
  k: number
  n: number
  held: Hold | null
}
