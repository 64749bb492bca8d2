import { betaQuantile } from './beta.ts'
import type { Evidence } from './evidence.ts'

/** What is believed of a rate: Beta(a, b). */
export type Belief = { a: number; b: number }

/** Strength of what an offer says of its variations, and all offers of one, in clicks. */
const variationStrength = 8
const offerStrength = 2
const firstMean = 0.02
const highestMean = 0.9

export type Posterior = {
  /** The mean rate of all offers. */
  mean: number
  /** Gamma(shape, rate) of an offer's mean rate. */
  offers: Map<number, { shape: number; rate: number }>
  variations: Map<number, Belief>
}

/**
 * Variations learn from their offer and offers from one another (selection-and-statistics, "Strategies"): a variation
 * that was never sent is believed to do as its offer does, a new offer as all do.
 */
export function believe(
  variations: readonly { variation_id: number; offer_id: number }[],
  evidence: ReadonlyMap<number, Evidence>,
): Posterior {
  const offers = Map.groupBy(variations, ({ offer_id }) => offer_id)
  const sumsAt = (m0: number) =>
    new Map(
      [...offers].map(([id, own]) => {
        let k = 0
        let n = 0
        for (const { variation_id } of own) {
          const known = evidence.get(variation_id) ?? { k: 0, n: 0 }
          const spread = 1 + (known.n * m0) / variationStrength
          k += known.k / spread
          n += known.n / spread
        }
        return [id, { k, n }]
      }),
    )
  let mean = firstMean
  for (let round = 0; round < 2; round += 1) {
    let k = 1
    let n = 1 / firstMean
    for (const sums of sumsAt(mean).values()) {
      const spread = 1 + (sums.n * mean) / offerStrength
      k += sums.k / spread
      n += sums.n / spread
    }
    mean = k / n
  }
  const means = new Map(
    [...sumsAt(mean)].map(([id, { k, n }]) => [
      id,
      { shape: offerStrength + k, rate: offerStrength / mean + n },
    ]),
  )
  const believed = new Map(
    variations.map(({ variation_id, offer_id }) => {
      const { shape, rate } = means.get(offer_id) ?? { shape: offerStrength, rate: offerStrength / mean }
      return [variation_id, beliefOf(evidence.get(variation_id), shape / rate)]
    }),
  )
  return { mean, offers: means, variations: believed }
}

/** A variation's rate, given the mean rate of its offer. */
export function beliefOf(evidence: Evidence = { k: 0, n: 0 }, offerMean: number): Belief {
  const mean = Math.min(highestMean, offerMean)
  return {
    a: variationStrength + evidence.k,
    b: (variationStrength * (1 - mean)) / mean + Math.max(0, evidence.n - evidence.k),
  }
}

export const meanOf = ({ a, b }: Belief): number => a / (a + b)

/**
 * The interval that holds the rate with 95 % probability, as much of the rest below as above. What is not known of the
 * offer's mean widens it as far as the belief leans on that mean (law of total variance, matched by a beta again).
 */
export function intervalOf(
  belief: Belief,
  offer: { shape: number; rate: number },
): [low: number, high: number] {
  const mean = meanOf(belief)
  const offerMean = Math.min(highestMean, offer.shape / offer.rate)
  const leaning = variationStrength / offerMean / (belief.a + belief.b)
  const own = (mean * (1 - mean)) / (belief.a + belief.b + 1)
  const strength = (mean * (1 - mean)) / (own + (leaning * offerMean) ** 2 / offer.shape) - 1
  const [a, b] = [mean * strength, (1 - mean) * strength]
  return [betaQuantile(0.025, a, b), betaQuantile(0.975, a, b)]
}
