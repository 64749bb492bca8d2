import type { Random } from '../../src/lib/base/random.ts'
import { drawNormal } from '../../src/lib/selection/draws.ts'

/** A newsletter that exists in numbers only (selection-and-statistics, first paragraph). */
export type Setting = {
  name: string
  offers: number
  variations: number
  /** A day, all segments together. */
  recipients: number
  days: number
  /** How different days are: standard deviation of the logarithm. */
  sigma: number
  segments: number
  /**
   * `fading`: the best variation of the first day halves every 60 days from day 60 on. `drift`: within a year
   * all rates move as far as they were apart at the start. `new offers`: one every 30 days.
   */
  change: 'none' | 'fading' | 'drift' | 'new offers'
  /** Limits on repetition and the floor as they are by default, or neither. */
  variety: boolean
}

export type Variation = { offer_id: number; variation_id: number; rate: number }

const medianRate = 0.02
const betweenOffers = 0.6
const withinOffers = 0.3
const highestRate = 0.5

/** The variations of a world and what becomes of their rates. `day` has to be called once a day, in order. */
export function createWorld(setting: Setting, random: Random) {
  const variations: Variation[] = []
  const addOffer = () => {
    const offer_id = new Set(variations.map((variation) => variation.offer_id)).size + 1
    const ofOffer = medianRate * Math.exp(betweenOffers * drawNormal(random))
    for (let text = 0; text < setting.variations; text += 1) {
      const rate = Math.min(highestRate, ofOffer * Math.exp(withinOffers * drawNormal(random)))
      variations.push({ offer_id, variation_id: variations.length + 1, rate })
    }
  }
  for (let offer = 0; offer < setting.offers; offer += 1) addOffer()
  const first = variations.toSorted((one, other) => other.rate - one.rate)[0]

  const fade = (day: number) => {
    if (first && day >= 60) first.rate *= 0.5 ** (1 / 60)
  }
  const drift = () => {
    for (const own of Map.groupBy(variations, ({ offer_id }) => offer_id).values()) {
      const ofOffer = (betweenOffers * drawNormal(random)) / Math.sqrt(365)
      for (const variation of own) {
        const step = ofOffer + (withinOffers * drawNormal(random)) / Math.sqrt(365)
        variation.rate = Math.min(highestRate, variation.rate * Math.exp(step))
      }
    }
  }
  return {
    variations,
    /** Moves on to a day; answers the factor that all rates of that day have in common, 1 on average. */
    day(day: number): number {
      if (setting.change === 'fading') fade(day)
      if (setting.change === 'drift') drift()
      if (setting.change === 'new offers' && day > 0 && day % 30 === 0) addOffer()
      return Math.exp(setting.sigma * drawNormal(random) - setting.sigma ** 2 / 2)
    },
  }
}

/** How many of `count` do what each does with a probability; by the normal distribution where many do. */
export function drawBinomial(count: number, probability: number, random: Random): number {
  const mean = count * probability
  const variance = mean * (1 - probability)
  if (variance > 30) {
    const drawn = Math.round(mean + Math.sqrt(variance) * drawNormal(random))
    return Math.min(count, Math.max(0, drawn))
  }
  if (probability > 0.5) return count - drawBinomial(count, 1 - probability, random)
  // From one that does to the next, the gap is geometric.
  let done = 0
  for (let at = -1; probability > 0; done += 1) {
    at += 1 + Math.floor(Math.log(random()) / Math.log1p(-probability))
    if (at >= count) break
  }
  return done
}

/** Clickers by each mark of a curve of arrival, of those by the end of the first day, the second and the third. */
export const byMarks = (one: number, two: number, three: number): number[] => [
  ...[0.15, 0.28, 0.4, 0.63, 0.83, 1].map((share) => share * one),
  two,
  three,
]

/** How many of a send's clickers come on its first and second day; the rest comes on the third. */
export function drawArrivals(clickers: number, random: Random): [one: number, two: number] {
  const one = drawBinomial(clickers, 0.7, random)
  return [one, drawBinomial(clickers - one, 2 / 3, random)]
}
