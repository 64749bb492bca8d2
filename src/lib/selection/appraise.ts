import { curveOf } from '../stats/arrival.ts'
import { besideSigns } from '../stats/signs.ts'
import { clickValueOf, type Value } from '../stats/value.ts'
import type { Arm, Worth } from './arm.ts'
import { agedSends, rounded, type Situation } from './weigh.ts'

/** Share of its weight that evidence keeps per day; conversions are few even if sends are split. */
const keptADay = 0.995

/** What a choice is made of. */
export type Appraised = {
  arms: readonly Arm[]
  worth?: Worth | undefined
  /** Whether revenue is the goal, even if nothing is known of it yet and clicks decide. */
  forRevenue?: true
}

/**
 * Adds the value of their clicks to arms if the situation has `earnings`. Lists are not distinguished: conversions are
 * too few for that, and how much more the readers of a list click is already in their rates. Without a conversion in
 * the currency, clicks decide.
 */
export function appraise(
  arms: readonly Arm[],
  { sends, now, earnings }: Pick<Situation, 'sends' | 'now' | 'earnings'>,
): Appraised {
  if (!earnings) return { arms }
  if (earnings.currency === null) return { arms, forRevenue: true }
  const counted = besideSigns(agedSends(sends, now)).sends
  const value = clickValueOf(counted, earnings, curveOf(counted), keptADay)
  if (!value) return { arms, forRevenue: true }
  return {
    arms: arms.map((arm) => withEarned(arm, value)),
    worth: worthOf(value, earnings.currency),
    forRevenue: true,
  }
}

/** Rounded as it is stored with a decision, so that the decision can be reproduced. */
const worthOf = ({ conversions, amount, levels }: Value, currency: string): Worth => ({
  currency,
  click: conversions * amount,
  levels: levels.map(({ ofTexts, ofOffers }) => ({ ofTexts: rounded(ofTexts), ofOffers: rounded(ofOffers) })),
})

function withEarned(arm: Arm, { texts }: Value): Arm {
  const own = texts.get(arm.variation_id)
  return own ? { ...arm, earned: own.map(({ k, n }) => ({ k: rounded(k), n: rounded(n) })) } : arm
}
