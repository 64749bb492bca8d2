import { logGamma } from './beta.ts'
import { type Evidence, type Prior, sumOf, varianceOf } from './dispersion.ts'
import { type OfferBelief, tempered } from './posterior.ts'

/** Strength with which texts lean on their offer, and offers on all offers, in events. */
export type Likeness = { ofTexts: number; ofOffers: number }

/** What a text says of a level: events, and the number expected at the mean of all. */
export type OfOffer = Evidence & { offer_id: number }

const rounds = 3
/** The prior for differences, and their minimum. */
const differBefore = 0.2
const least = 0.003

/**
 * A level of a click's value: by which factor texts and offers differ from the mean of all, each a gamma
 * variable around the one above it. How much they differ is found by the method of moments (Morris 1983), drawn
 * towards `within` and `between`, and counts by how likely it makes what was seen, beside no difference at all
 * (Bayesian model averaging; Hoeting et al. 1999): few events do not move anything. `mean` is by how much the
 * expectations have to be multiplied.
 */
export function levelOf(
  texts: readonly OfOffer[],
  within: Prior,
  between: Prior,
): Likeness & { mean: number } {
  const { k, n } = sumOf(texts)
  let mean = k > 0 ? k / n : 1
  const offers = [...Map.groupBy(texts, ({ offer_id }) => offer_id).values()]
  const ofTexts = 1 / differencesIn(offers.map(besideOwnMean), within)
  let ofOffers = 1 / between.dispersion
  for (let round = 0; round < rounds; round += 1) {
    const sums = offers.map((own) => tempered(own, mean, ofTexts))
    const all = tempered(sums, mean, ofOffers)
    if (all.k > 0) mean = all.k / all.n
    ofOffers = 1 / differencesIn([besideMean(sums, mean)], between)
  }
  return { ofTexts, ofOffers, mean }
}

/** What is believed of an offer's factor, by what its texts say. */
export function offerFactor(texts: readonly Evidence[], { ofTexts, ofOffers }: Likeness): OfferBelief {
  const { k, n } = tempered(texts, 1, ofTexts)
  return { shape: ofOffers + k, rate: ofOffers + n }
}

/** What is believed of a text's factor, given its offer's. */
export const textFactor = ({ k, n }: Evidence, ofTexts: number, offer: number): OfferBelief => ({
  shape: ofTexts + k,
  rate: ofTexts / offer + n,
})

/** Events beside those that were to be expected at a mean; without any there is nothing to compare. */
const besideMean = (all: readonly Evidence[], mean: number): Evidence[] =>
  all.map(({ k, n }) => ({ k, n: n * mean })).filter(({ n }) => n > 0)

function besideOwnMean(own: readonly Evidence[]): Evidence[] {
  const { k, n } = sumOf(own)
  return besideMean(own, k / n)
}

/** The variance by which factors differ within groups. */
function differencesIn(groups: readonly Evidence[][], prior: Prior): number {
  const compared = groups.filter(({ length }) => length > 1)
  const seen = compared.flatMap((own) =>
    own.map(({ k, n }) => ({
      square: ((k / n - 1) ** 2 * own.length) / (own.length - 1),
      noise: 1 / n,
      weight: prior.dispersion / (prior.dispersion + 1 / n),
      factor: 1,
    })),
  )
  const { expected } = varianceOf(seen, prior)
  return Math.max(least, expected * chanceToDiffer(compared.flat(), expected))
}

/** How probable it is that factors differ by this variance (events are negative binomial) and not at all (Poisson). */
function chanceToDiffer(all: readonly Evidence[], variance: number): number {
  const shape = 1 / variance
  let odds = Math.log(differBefore / (1 - differBefore))
  for (const { k, n } of all)
    odds +=
      logGamma(k + shape) - logGamma(shape) + n - shape * Math.log1p(n / shape) - k * Math.log(shape + n)
  return 1 / (1 + Math.exp(-odds))
}
