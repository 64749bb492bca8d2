import type { Random } from '../base/random.ts'
import { betaCdf } from '../stats/beta.ts'
import { beliefOf, believe, type OfferBelief } from '../stats/posterior.ts'
import type { Arm } from './arm.ts'
import { drawBeta, drawGamma, seeded } from './draws.ts'

/** The variations that are compared, by offer, with what is believed of each offer's mean. */
export type CandidateField = (OfferBelief & { offer_id: number; members: readonly Arm[] })[]

const highestMean = 0.9

/** `known` are all variations that anything is known of: those compared learn from their offers, and offers from all. */
export function fieldOf(arms: readonly Arm[], known: readonly Arm[]): CandidateField {
  const compared = Map.groupBy(arms, ({ offer_id }) => offer_id)
  return believe(known, (arm) => arm).offers.flatMap(({ offer_id, shape, rate }) => {
    const members = compared.get(offer_id)
    return members ? [{ offer_id, shape, rate, members }] : []
  })
}

const drawMean = ({ shape, rate }: OfferBelief, random: Random): number =>
  Math.min(highestMean, drawGamma(shape, random) / rate)

function drawRate(arm: Arm, mean: number, random: Random): number {
  const { a, b } = beliefOf(arm, mean)
  return drawBeta(a, b, random)
}

/**
 * Thompson sampling (Russo et al. 2018): draws what the rates may be, an offer's mean, then each of its variations given
 * that mean, and answers the variation that is best. `undefined` in an empty field.
 */
export function drawBest(field: CandidateField, random: Random): Arm | undefined {
  let best: Arm | undefined
  let highest = 0
  for (const offer of field) {
    const mean = drawMean(offer, random)
    for (const arm of offer.members) {
      const rate = drawRate(arm, mean, random)
      if (rate <= highest) continue
      highest = rate
      best = arm
    }
  }
  return best
}

function drawHighest(members: readonly Arm[], mean: number, random: Random): number {
  let highest = 0
  for (const arm of members) highest = Math.max(highest, drawRate(arm, mean, random))
  return highest
}

/** So many rates of other offers are drawn for an estimate: a few milliseconds. */
const effort = 8_000
const leastDraws = 2
const mostDraws = 60
/** How many draws of its own offer are compared with each draw of the others. */
const ownDraws = 16

/**
 * How probable `drawBest` chooses an arm of the field. Estimated from seeded draws of all others: each says how probable
 * this one is to exceed the best of them, which distinguishes small probabilities from zero where counting could not
 * (Rao-Blackwell). 960 such comparisons among up to 133 variations, 32 among thousands.
 */
export function chanceOf(field: CandidateField, arm: Arm, seed: number): number {
  const size = field.reduce((sum, { members }) => sum + members.length, 0)
  if (size === 1) return 1
  const draws = Math.min(mostDraws, Math.max(leastDraws, Math.floor(effort / size)))
  const random = seeded(seed)
  const others = field.filter(({ members }) => !members.includes(arm))
  const own = field.filter((offer) => !others.includes(offer))
  let sum = 0
  for (let draw = 0; draw < draws; draw += 1) {
    const rival = others.reduce(
      (highest, offer) => Math.max(highest, drawHighest(offer.members, drawMean(offer, random), random)),
      0,
    )
    for (const offer of own) {
      const siblings = offer.members.filter((one) => one !== arm)
      for (let again = 0; again < ownDraws; again += 1) {
        const mean = drawMean(offer, random)
        const best = Math.max(rival, drawHighest(siblings, mean, random))
        const { a, b } = beliefOf(arm, mean)
        sum += betaCdf(1 - best, b, a)
      }
    }
  }
  return sum / draws / ownDraws
}

/** Of this many seeded draws, the share that each arm wins; those that never win are left out. The shares sum to 1. */
export function sharesOf(field: CandidateField, seed: number, draws: number): Map<Arm, number> {
  const random = seeded(seed)
  const shares = new Map<Arm, number>()
  for (let draw = 0; draw < draws; draw += 1) {
    const best = drawBest(field, random)
    if (best) shares.set(best, (shares.get(best) ?? 0) + 1 / draws)
  }
  return shares
}
