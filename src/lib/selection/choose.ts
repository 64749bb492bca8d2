import type { Random } from '../base/random.ts'
import { sumOf } from '../base/sum.ts'
import type { Strategy } from '../model/selection.ts'
import type { Arm, Worth } from './arm.ts'
import { seeded } from './draws.ts'
import { chanceOf, drawBest, fieldOf } from './thompson.ts'
import { allowed } from './variety.ts'

export type Choice = {
  arm: Arm
  /** Drawn by base weight in order to keep learning, not because it was believed to be best. */
  floor: boolean
  /** The probability that this variation was chosen. Costs more than the choice itself. */
  probability: () => number
}

export type Question = {
  arms: readonly Arm[]
  strategy: Strategy
  /** A 32-bit integer: the same seed and input give the same choice. */
  seed: number
  /** Variations that other segments of the send have. */
  taken: readonly number[]
  /** Share of the sends that are drawn by base weight alone, 0 to 1; `thompson` only. */
  floor: number
  /** The value of clicks; `thompson` only, which maximises clicks without it. */
  worth?: Worth | undefined
}

/**
 * Chooses among the arms that have a weight. `weighted`: an offer in proportion to its base weight, then one of its
 * variations, each as probable as the others. `ctr_weighted`: both in proportion to `weight * (1 + ctr / 100)` with the
 * human CTR in per cent (specification, Phase 3.2); simulations show that this learns hardly anything. `thompson`: the
 * best of one draw from the beliefs about clicks or their value, within the limits on repetition. `undefined` if there
 * is nothing to choose.
 */
export function choose({ arms, strategy, seed, taken, floor, worth }: Question): Choice | undefined {
  const free = arms.filter(({ weight, variation_id }) => weight > 0 && !taken.includes(variation_id))
  const random = seeded(seed)
  if (strategy !== 'thompson') {
    const drawn = drawWeighted(weightedChances(free, strategy), random)
    return drawn && { arm: drawn.arm, floor: false, probability: () => drawn.chance }
  }
  const pool = allowed(free)
  const byWeight = random() < floor
  const field = fieldOf(pool, arms, worth)
  const arm = byWeight
    ? drawWeighted(weightedChances(pool, 'weighted'), random)?.arm
    : drawBest(field, random)
  return (
    arm && {
      arm,
      floor: byWeight,
      // Something with probability 0 cannot have been chosen, but the estimate may round to that.
      probability: () =>
        Math.max(1e-12, floor * chanceByWeight(pool, arm) + (1 - floor) * chanceOf(field, arm, ~seed)),
    }
  )
}

export type Weighted = { arm: Arm; chance: number }

/**
 * The probability of each arm under a strategy that draws in proportion to weights, offer by offer. They sum to 1. The
 * variations of an offer have its weight.
 */
export function weightedChances(arms: readonly Arm[], strategy: 'weighted' | 'ctr_weighted'): Weighted[] {
  const gain = strategy === 'ctr_weighted' ? (members: readonly Arm[]) => 1 + ctr(members) / 100 : () => 1
  const offers = [...Map.groupBy(arms, ({ offer_id }) => offer_id).values()].map((own) => ({
    own,
    weight: Math.max(...own.map(({ weight }) => weight)) * gain(own),
    within: sumOf(own, (arm) => gain([arm])),
  }))
  const all = offers.reduce((total, { weight }) => total + weight, 0)
  return offers.flatMap(({ own, weight, within }) =>
    own.map((arm) => ({ arm, chance: ((weight / all) * gain([arm])) / within })),
  )
}

/** The same for one arm under `weighted`: computing thousands would take too long. */
function chanceByWeight(pool: readonly Arm[], { offer_id, weight }: Arm): number {
  const offers = new Map(pool.map((arm) => [arm.offer_id, arm.weight]))
  const all = [...offers.values()].reduce((total, one) => total + one, 0)
  return weight / all / pool.filter((arm) => arm.offer_id === offer_id).length
}

/** Human clicks per recipient, in per cent; 0 if nothing was sent. */
function ctr(members: readonly Arm[]): number {
  const recipients = sumOf(members, (member) => member.recipients)
  return recipients === 0 ? 0 : (sumOf(members, (member) => member.human_clicks) / recipients) * 100
}

function drawWeighted(chances: readonly Weighted[], random: Random): Weighted | undefined {
  let left = random()
  for (const weighted of chances) {
    left -= weighted.chance
    if (left < 0) return weighted
  }
  // If rounding leaves a remainder, the last one is drawn.
  return chances.at(-1)
}
