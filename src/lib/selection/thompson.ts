import type { Random } from '../base/random.ts'
import { at } from '../stats/at.ts'
import { betaCdf } from '../stats/beta.ts'
import type { Evidence } from '../stats/dispersion.ts'
import { offerFactor, textFactor } from '../stats/levels.ts'
import { beliefOf, believe, type OfferBelief } from '../stats/posterior.ts'
import type { Arm, Worth } from './arm.ts'
import { drawBeta, drawGamma, drawsOf, seeded } from './draws.ts'

/** A level of the value of clicks: the belief about an offer's factor, and how strongly its texts lean on it. */
type OfferLevel = OfferBelief & { ofTexts: number }

/**
 * The variations that are compared, by offer, with the belief about each offer's mean and, if revenue is the goal,
 * about the value of its clicks.
 */
export type CandidateField = (OfferBelief & {
  offer_id: number
  members: readonly Arm[]
  levels: readonly OfferLevel[]
})[]

const highestMean = 0.9
const nothing = { k: 0, n: 0 }

/** The evidence from an arm's conversions for a level. */
export const earnedOf = ({ earned }: Arm, level: number): Evidence => earned?.[level] ?? nothing

/**
 * `known` are all variations with evidence: those compared learn from their offers, and offers from all. With a `worth`
 * they are compared by the value of their clicks.
 */
export function fieldOf(arms: readonly Arm[], known: readonly Arm[], worth?: Worth): CandidateField {
  const compared = Map.groupBy(arms, ({ offer_id }) => offer_id)
  return believe(known, (arm) => arm).offers.flatMap(({ offer_id, shape, rate, variations }) => {
    const members = compared.get(offer_id)
    const levels = (worth?.levels ?? []).map((level, place): OfferLevel => {
      const texts = variations.map((arm) => earnedOf(arm, place))
      return { ...offerFactor(texts, level), ofTexts: level.ofTexts }
    })
    return members ? [{ offer_id, shape, rate, members, levels }] : []
  })
}

const drawMean = ({ shape, rate }: OfferBelief, random: Random): number =>
  Math.min(highestMean, drawGamma(shape, random) / rate)

function drawRate(arm: Arm, mean: number, random: Random): number {
  const { a, b } = beliefOf(arm, mean)
  return drawBeta(a, b, random)
}

/** One draw for an offer: its mean rate, and its factor on each level. */
type OfferDraw = { mean: number; factors: readonly number[] }

const drawOffer = (offer: CandidateField[number], random: Random): OfferDraw => ({
  mean: drawMean(offer, random),
  factors: offer.levels.map(({ shape, rate }) => drawGamma(shape, random) / rate),
})

/** The value of a click on an arm, as a multiple of the mean of all; 1, without a draw, if only clicks count. */
function drawValue(arm: Arm, levels: readonly OfferLevel[], factors: readonly number[], random: Random) {
  return levels.reduce((value, { ofTexts }, level) => {
    const { shape, rate } = textFactor(earnedOf(arm, level), ofTexts, at(factors, level))
    return (value * drawGamma(shape, random)) / rate
  }, 1)
}

/** Clicks per recipient or, if revenue is the goal, their value. */
const drawGain = (
  arm: Arm,
  { levels }: CandidateField[number],
  { mean, factors }: OfferDraw,
  random: Random,
) => drawRate(arm, mean, random) * drawValue(arm, levels, factors, random)

/**
 * Thompson sampling (Russo et al. 2018): draws plausible rates (an offer's mean, then each of its variations given that
 * mean), the same for the value of a click if revenue is the goal, and returns the best variation. `undefined` for an
 * empty field.
 */
export function drawBest(field: CandidateField, random: Random): Arm | undefined {
  let best: Arm | undefined
  let highest = 0
  for (const offer of field) {
    const drawn = drawOffer(offer, random)
    for (const arm of offer.members) {
      const gain = drawGain(arm, offer, drawn, random)
      if (gain <= highest) continue
      highest = gain
      best = arm
    }
  }
  return best
}

function drawHighest(
  members: readonly Arm[],
  offer: CandidateField[number],
  drawn: OfferDraw,
  random: Random,
): number {
  let highest = 0
  for (const arm of members) highest = Math.max(highest, drawGain(arm, offer, drawn, random))
  return highest
}

/** For the draws of the other variations: a few milliseconds. */
const limits = { effort: 8_000, least: 2, most: 60 }
/** How many draws of its own offer are compared with each draw of the others. */
const ownDraws = 16

/**
 * The probability that `drawBest` chooses an arm of the field. Estimated from seeded draws of all others: each gives
 * the probability that this one exceeds the best of them, which distinguishes small probabilities from zero where
 * counting could not (Rao-Blackwell). 960 such comparisons among up to 133 variations, 32 among thousands.
 */
export function chanceOf(field: CandidateField, arm: Arm, seed: number): number {
  const size = field.reduce((sum, { members }) => sum + members.length, 0)
  if (size === 1) return 1
  const draws = drawsOf(limits, size)
  const random = seeded(seed)
  const others = field.filter(({ members }) => !members.includes(arm))
  const own = field.filter((offer) => !others.includes(offer))
  let sum = 0
  for (let draw = 0; draw < draws; draw += 1) {
    const rival = others.reduce(
      (highest, offer) =>
        Math.max(highest, drawHighest(offer.members, offer, drawOffer(offer, random), random)),
      0,
    )
    for (const offer of own) {
      const siblings = offer.members.filter((one) => one !== arm)
      for (let again = 0; again < ownDraws; again += 1) {
        const drawn = drawOffer(offer, random)
        const best = Math.max(rival, drawHighest(siblings, offer, drawn, random))
        const { a, b } = beliefOf(arm, drawn.mean)
        const needed = best / drawValue(arm, offer.levels, drawn.factors, random)
        sum += betaCdf(Math.max(0, 1 - needed), b, a)
      }
    }
  }
  return sum / draws / ownDraws
}

/** The share of this many seeded draws that each arm wins; those that never win are left out. The shares sum to 1. */
export function sharesOf(field: CandidateField, seed: number, draws: number): Map<Arm, number> {
  const random = seeded(seed)
  const shares = new Map<Arm, number>()
  for (let draw = 0; draw < draws; draw += 1) {
    const best = drawBest(field, random)
    if (best) shares.set(best, (shares.get(best) ?? 0) + 1 / draws)
  }
  return shares
}
