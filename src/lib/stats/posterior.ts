import { betaQuantile } from './beta.ts'
import type { Evidence } from './evidence.ts'

/** What is believed of a rate: Beta(a, b). */
export type Belief = { a: number; b: number }

/** What is believed of an offer's mean rate: Gamma(shape, rate). */
export type OfferBelief = { shape: number; rate: number }

export type Posterior<Variation> = {
  /** The mean rate of all offers. */
  mean: number
  offers: (OfferBelief & { offer_id: number; variations: Variation[] })[]
}

/** Strength of what an offer says of its variations, and all offers of one, in clicks. */
const variationStrength = 8
const offerStrength = 2
const firstMean = 0.02
const highestMean = 0.9
/** Of a share of which nothing is known: a high rate cannot be as uncertain as its days are, which know no bounds. */
const leastStrength = 2
const rounds = 2

/**
 * Variations learn from their offer and offers from one another (selection-and-statistics, "Strategies"): a variation
 * that was never sent is believed to do as its offer does, a new offer as all do.
 */
export function believe<Variation extends { offer_id: number }>(
  variations: readonly Variation[],
  evidenceOf: (variation: Variation) => Evidence,
): Posterior<Variation> {
  const offers = [...Map.groupBy(variations, ({ offer_id }) => offer_id)].map(([offer_id, own]) => ({
    offer_id,
    variations: own,
    sent: own.map(evidenceOf).filter(({ n }) => n > 0),
  }))
  let mean = firstMean
  for (let round = 0; round < rounds; round += 1) {
    const sums = offers.map(({ sent }) => tempered(sent, mean, variationStrength))
    const { k, n } = tempered(sums, mean, offerStrength)
    mean = (1 + k) / (1 / firstMean + n)
  }
  return {
    mean,
    offers: offers.map(({ offer_id, variations, sent }) => {
      const { k, n } = tempered(sent, mean, variationStrength)
      return { offer_id, variations, shape: offerStrength + k, rate: offerStrength / mean + n }
    }),
  }
}

/** Sums in which each counts less the more it has, since it speaks for itself first. */
export function tempered(all: readonly Evidence[], mean: number, strength: number): Evidence {
  const sums = { k: 0, n: 0 }
  for (const { k, n } of all) {
    const spread = 1 + (n * mean) / strength
    sums.k += k / spread
    sums.n += n / spread
  }
  return sums
}

/** A variation's rate, given the mean rate of its offer. */
export function beliefOf({ k, n }: Evidence, offerMean: number): Belief {
  const mean = Math.min(highestMean, offerMean)
  return { a: variationStrength + k, b: (variationStrength * (1 - mean)) / mean + Math.max(0, n - k) }
}

export const meanOf = ({ a, b }: Belief): number => a / (a + b)

export const offerMeanOf = ({ shape, rate }: OfferBelief): number => Math.min(highestMean, shape / rate)

/** How far a belief rests on its offer's mean and not on clicks, 0 to 1. */
export const leaningOf = ({ a, b }: Belief, offer: OfferBelief): number =>
  variationStrength / offerMeanOf(offer) / (a + b)

/**
 * The interval that holds the rate with 95 % probability, as much of the rest below as above. What is not known of the
 * offer's mean widens it as far as the belief leans on that mean, and `shared`, the relative variance of the days that
 * its sends had in common with others, as far as it does not (law of total variance, matched by a beta again).
 */
export function intervalOf(belief: Belief, offer: OfferBelief, shared: number): [low: number, high: number] {
  const mean = meanOf(belief)
  const leaning = leaningOf(belief, offer)
  const own = (mean * (1 - mean)) / (belief.a + belief.b + 1)
  const ofOffer = (leaning * offerMeanOf(offer)) ** 2 / offer.shape
  const ofDays = ((1 - leaning) * mean) ** 2 * shared
  const strength = Math.max(leastStrength, (mean * (1 - mean)) / (own + ofOffer + ofDays) - 1)
  const [a, b] = [mean * strength, (1 - mean) * strength]
  return [betaQuantile(0.025, a, b), betaQuantile(0.975, a, b)]
}
