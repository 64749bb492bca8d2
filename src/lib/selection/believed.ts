import { textFactor } from '../stats/levels.ts'
import { beliefOf, meanOf } from '../stats/posterior.ts'
import type { Arm, Worth } from './arm.ts'
import { type CandidateField, earnedOf } from './thompson.ts'

/**
 * What is believed of an arm on the mean: clicks a recipient (0 to 1), and what a click brings; 1 where that
 * does not count.
 */
export type Believed = { rate: number; click: number }

export const believedOf = (arm: Arm, offer: CandidateField[number], worth: Worth | undefined): Believed => ({
  rate: meanOf(beliefOf(arm, offer.shape / offer.rate)),
  click: offer.levels.reduce((value, level, place) => {
    const own = textFactor(earnedOf(arm, place), level.ofTexts, level.shape / level.rate)
    return (value * own.shape) / own.rate
  }, worth?.click ?? 1),
})

/** By what arms are ranked. */
export const gainOf = ({ rate, click }: Believed): number => rate * click

/** How many conversions a text's clicks are worth; the first level counts them. */
export const conversionsOf = (arm: Arm): number => earnedOf(arm, 0).k
