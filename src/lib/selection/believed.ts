import { textFactor } from '../stats/levels.ts'
import { beliefOf, meanOf } from '../stats/posterior.ts'
import type { Arm, Worth } from './arm.ts'
import { type CandidateField, earnedOf } from './thompson.ts'

/**
 * Posterior means for an arm: clicks per recipient (0 to 1), and the value of a click, which is 1 if only clicks count.
 */
export type Believed = { rate: number; click: number }

export const believedOf = (arm: Arm, offer: CandidateField[number], worth: Worth | undefined): Believed => ({
  rate: meanOf(beliefOf(arm, offer.shape / offer.rate)),
  click: offer.levels.reduce((value, level, place) => {
    const own = textFactor(earnedOf(arm, place), level.ofTexts, level.shape / level.rate)
    return (value * own.shape) / own.rate
  }, worth?.click ?? 1),
})

/** What arms are ranked by. */
export const gainOf = ({ rate, click }: Believed): number => rate * click

/** The effective number of a text's conversions, which the first level counts. */
export const conversionsOf = (arm: Arm): number => earnedOf(arm, 0).k
