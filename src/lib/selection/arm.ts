import type { Crowd } from '../stats/crowds.ts'
import type { Send } from '../stats/evidence.ts'
import type { Signs } from '../stats/signs.ts'

export const strategies = ['weighted', 'ctr_weighted', 'thompson'] as const

export type Strategy = (typeof strategies)[number]

/** A variation that may be shown: its offer's base weight, and what people did with it in all time. */
export type Candidate = {
  offer_id: number
  variation_id: number
  /** Of the offer; above 0. */
  weight: number
  link_slug: string
  recipients: number
  human_clicks: number
}

/** A newsletter's send of a variation; a send in segments is several of them with one name. */
export type PastSend = Omit<Send, 'age'> & {
  newsletter_send_id: string
  /** Which list it went to; empty for the one without a name. */
  newsletter: string
  /** Milliseconds since 1970. */
  sent_at: number
  /** What of it came from crowded addresses; null for nothing. */
  crowd?: Crowd | null
  /** Weak signs of machines on it; null for none. */
  signs?: Signs | null
}

/** Why the limits on repetition hold a variation back, the strictest first. */
export type Hold = 'offer_gap' | 'offer_share' | 'variation_gap'

/** What a strategy sees of a variation. One with weight 0 cannot be chosen; what was learned of it helps to judge others. */
export type Arm = Omit<Candidate, 'link_slug'> & {
  /** Effective clicks and recipients. */
  k: number
  n: number
  held: Hold | null
}
