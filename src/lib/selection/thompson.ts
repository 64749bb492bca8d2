import type { Random } from '../random.ts'
import { betaCdf } from '../stats/beta.ts'
import { beliefOf, believe } from '../stats/posterior.ts'
import type { Arm } from './arm.ts'
import { drawBeta, drawGamma, seeded } from './draws.ts'

/** The variations that are compared, and what is believed of their offers. */
export type Field = {
  arms: readonly Arm[]
  /** Gamma(shape, rate) of each offer's mean, and which arms are its own. */
  offers: { shape: number; rate: number; members: number[] }[]
}

const highestMean = 0.9

/** `known` are all variations that anything is known of: those compared learn from their offers, and offers from all. */
export function fieldOf(arms: readonly Arm[], known: readonly Arm[]): Field {
  const { offers } = believe(known, new Map(known.map((arm) => [arm.variation_id, arm])))
  const members = new Map<number, number[]>()
  for (const [index, { offer_id }] of arms.entries()) {
    const own = members.get(offer_id)
    if (own) own.push(index)
    else members.set(offer_id, [index])
  }
  return {
    arms,
    offers: [...members].flatMap(([id, own]) => {
      const belief = offers.get(id)
      return belief ? [{ ...belief, members: own }] : []
    }),
  }
}

/** One draw of what the rates may be: an offer's mean, then each of its variations given that mean. */
function drawRates({ arms, offers }: Field, random: Random, rates: Float64Array): Float64Array {
  for (const { shape, rate, members } of offers) {
    const mean = Math.min(highestMean, drawGamma(shape, random) / rate)
    for (const index of members) {
      const { a, b } = beliefOf(arms[index], mean)
      rates[index] = drawBeta(a, b, random)
    }
  }
  return rates
}

/** Where the largest number is. */
function largest(numbers: Float64Array): number {
  let best = 0
  for (let index = 1; index < numbers.length; index += 1)
    if ((numbers[index] ?? 0) > (numbers[best] ?? 0)) best = index
  return best
}

/** Thompson sampling (Russo et al. 2018): the variation that is best in one draw of what is believed. Answers its place. */
export const drawBest = (field: Field, random: Random): number =>
  largest(drawRates(field, random, new Float64Array(field.arms.length)))

/** So many rates of other offers are drawn for an estimate: a few milliseconds. */
const effort = 8_000
const leastDraws = 2
const mostDraws = 60
/** So many draws of its own offer are set against each draw of the others. */
const ownDraws = 16

/**
 * How probable `drawBest` chooses the arm at a place. Estimated from seeded draws of all others: each says how probable
 * this one is to exceed the best of them, which tells small probabilities from nothing where counting could not
 * (Rao-Blackwell). 960 such comparisons among up to 133 variations, 32 among thousands.
 */
export function chanceOf(field: Field, place: number, seed: number): number {
  const { arms, offers } = field
  const offer = offers.find(({ members }) => members.includes(place))
  if (!offer || arms.length === 1) return 1
  const draws = Math.min(mostDraws, Math.max(leastDraws, Math.floor(effort / arms.length)))
  const random = seeded(seed)
  const rates = new Float64Array(arms.length)
  const others = { arms, offers: offers.filter((one) => one !== offer) }
  const siblings = offer.members.filter((index) => index !== place)
  let sum = 0
  for (let draw = 0; draw < draws; draw += 1) {
    drawRates(others, random, rates)
    for (const index of offer.members) rates[index] = 0
    const rival = rates[largest(rates)] ?? 0
    for (let own = 0; own < ownDraws; own += 1) {
      const mean = Math.min(highestMean, drawGamma(offer.shape, random) / offer.rate)
      let best = rival
      for (const index of siblings) {
        const { a, b } = beliefOf(arms[index], mean)
        best = Math.max(best, drawBeta(a, b, random))
      }
      const { a, b } = beliefOf(arms[place], mean)
      sum += betaCdf(1 - best, b, a)
    }
  }
  return sum / draws / ownDraws
}

/** Of so many seeded draws, which share each arm wins. The shares sum to 1. */
export function sharesOf(field: Field, seed: number, draws: number): Float64Array {
  const random = seeded(seed)
  const rates = new Float64Array(field.arms.length)
  const shares = new Float64Array(field.arms.length)
  for (let draw = 0; draw < draws; draw += 1) {
    const best = largest(drawRates(field, random, rates))
    shares[best] = (shares[best] ?? 0) + 1 / draws
  }
  return shares
}
