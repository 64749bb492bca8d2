import type { Random } from '../random.ts'
import type { Arm, Strategy } from './arm.ts'
import { seeded } from './draws.ts'
import { chanceOf, drawBest, fieldOf } from './thompson.ts'
import { allowed } from './variety.ts'

export type Choice = {
  arm: Arm
  /** Drawn by base weight, to go on learning, and not because it was believed to be best. */
  floor: boolean
  /** How probable this variation was to be chosen. Costs more than the choice itself. */
  probability: () => number
}

export type Question = {
  arms: readonly Arm[]
  strategy: Strategy
  /** A whole number of 32 bits: the same seed, arms and rest give the same choice. */
  seed: number
  /** Variations that other segments of the send have. */
  taken: readonly number[]
  /** Share of the sends that are drawn by base weight alone, 0 to 1; `thompson` only. */
  floor: number
}

/**
 * Chooses among the arms that have a weight. `weighted`: an offer in proportion to its base weight, then one of its
 * variations, each as probable as the others. `ctr_weighted`: both in proportion to `weight * (1 + ctr / 100)` with the
 * human CTR in per cent (specification, Phase 3.2); simulation shows that this learns next to nothing. `thompson`: the
 * best of one draw of what is believed, within the limits on repetition. `undefined` where there is nothing to choose.
 */
export function choose({ arms, strategy, seed, taken, floor }: Question): Choice | undefined {
  const free = arms.filter(({ weight, variation_id }) => weight > 0 && !taken.includes(variation_id))
  const random = seeded(seed)
  if (strategy !== 'thompson') {
    const chances = weightedChances(free, strategy)
    const place = drawPlace(chances, random)
    return choiceOf(free[place], false, () => chances[place] ?? 0)
  }
  const pool = allowed(free)
  const chances = weightedChances(pool, 'weighted')
  const byWeight = random() < floor
  const field = fieldOf(pool, arms)
  const place = byWeight ? drawPlace(chances, random) : drawBest(field, random)
  return choiceOf(
    pool[place],
    byWeight,
    // A probability of nothing cannot have been chosen; the last digits of the estimate can say so.
    () => Math.max(1e-12, floor * (chances[place] ?? 0) + (1 - floor) * chanceOf(field, place, ~seed)),
  )
}

const choiceOf = (arm: Arm | undefined, floor: boolean, probability: () => number): Choice | undefined =>
  arm && { arm, floor, probability }

/** The probability of each arm under a strategy that draws in proportion to weights. They sum to 1. */
export function weightedChances(arms: readonly Arm[], strategy: 'weighted' | 'ctr_weighted'): Float64Array {
  const gain = strategy === 'ctr_weighted' ? (members: readonly Arm[]) => 1 + ctr(members) / 100 : () => 1
  const offers = Map.groupBy(arms, ({ offer_id }) => offer_id)
  const weights = new Map(
    [...offers].map(([id, own]) => [id, Math.max(...own.map(({ weight }) => weight)) * gain(own)]),
  )
  const within = new Map([...offers].map(([id, own]) => [id, sum(own, (arm) => gain([arm]))]))
  const all = [...weights.values()].reduce((total, weight) => total + weight, 0)
  return Float64Array.from(arms, (arm) => {
    const ofOffer = (weights.get(arm.offer_id) ?? 0) / all
    return (ofOffer * gain([arm])) / (within.get(arm.offer_id) ?? 1)
  })
}

/** Human clicks of recipients, in per cent; 0 where nothing was sent. */
function ctr(members: readonly Arm[]): number {
  const recipients = sum(members, (member) => member.recipients)
  return recipients === 0 ? 0 : (sum(members, (member) => member.human_clicks) / recipients) * 100
}

const sum = (arms: readonly Arm[], pick: (arm: Arm) => number): number =>
  arms.reduce((total, arm) => total + pick(arm), 0)

function drawPlace(chances: Float64Array, random: Random): number {
  let left = random()
  for (const [place, chance] of chances.entries()) {
    left -= chance
    if (left < 0) return place
  }
  // Where rounding leaves a rest, the last one is drawn.
  return chances.length - 1
}
