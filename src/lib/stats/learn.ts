import { arrivalOf } from './arrival.ts'
import { type Evidence, type Pooled, poolEvidence, type Send } from './evidence.ts'
import { type Belief, beliefOf, believe, intervalOf, meanOf, type OfferBelief } from './posterior.ts'
import { type Spread, spreadsOf } from './same-days.ts'

/** A send with its clickers of the first one, two and three days. */
export type ArrivingSend = Send & { clickers_1: number; clickers_2: number; clickers_3: number }

/** What is known of a variation by all its sends. Rates are shares, 0 to 1. */
export type Learned<Variation> = {
  variation: Variation
  /** Whether it was ever sent. */
  sent: boolean
  /** Effective clicks and recipients, for a comparison with all others of its offer. */
  evidence: Evidence
  belief: Belief
  mean: number
  /** Holds the rate with 95 % probability. */
  interval: [low: number, high: number]
  /** Effective clicks and recipients for a comparison with one other. */
  beside: (rival: Variation) => Evidence
}

export type LearnedOffer<Variation> = OfferBelief & {
  offer_id: number
  /** Variance of the logarithm of the rate that all its variations have in common, from days that they shared. */
  shared: number
  variations: Learned<Variation>[]
}

const nothing: Evidence = { k: 0, n: 0 }

/**
 * What an editor is told of all variations: everything counts, however old, and days are taken to be as different as they
 * might be, so that intervals and winners hold also while there are too few sends to know how different days are. What texts
 * of an offer have in common because they shared days is left out where they are compared, and put back where the rate itself
 * is told.
 */
export function learn<Variation extends { offer_id: number; variation_id: number }>(
  variations: readonly Variation[],
  sends: readonly ArrivingSend[],
): { mean: number; offers: LearnedOffer<Variation>[] } {
  const compared = compare(poolEvidence(sends, arrivalOf(sends), { cautious: true }))
  const of = ({ variation_id }: Variation) => compared.get(variation_id)
  const believed = believe(variations, (variation) => of(variation)?.evidence ?? nothing)
  return {
    mean: believed.mean,
    offers: believed.offers.map(({ variations: own, ...offer }) => {
      const shared = Math.max(0, ...own.map((variation) => of(variation)?.shared ?? 0))
      return {
        ...offer,
        shared,
        variations: own.map((variation) => {
          const { sent = false, evidence = nothing, beside } = of(variation) ?? {}
          const belief = beliefOf(evidence, offer.shape / offer.rate)
          return {
            variation,
            sent,
            evidence,
            belief,
            mean: meanOf(belief),
            interval: intervalOf(belief, offer, shared),
            // Beside one that was never sent it is what it is on its own.
            beside: (rival: Variation) => beside?.(rival.variation_id) ?? evidence,
          }
        }),
      }
    }),
  }
}

type Compared = {
  sent: boolean
  evidence: Evidence
  shared: number
  beside: (rival: number) => Evidence | undefined
}

/** Evidence for comparisons within each offer, by variation. */
function compare({ sends, dispersion }: Pooled): Map<number, Compared> {
  const offers = new Map<number, Pooled['sends']>()
  for (const segments of sends)
    for (const [offer_id, own] of Map.groupBy(segments, ({ of }) => of.offer_id)) {
      const known = offers.get(offer_id)
      if (known) known.push(own)
      else offers.set(offer_id, [own])
    }
  const compared = new Map<number, Compared>()
  for (const own of offers.values()) {
    const spreads = spreadsOf(own, dispersion)
    // At least so much any two have in common: leaving it out of all makes no comparison surer than it is.
    const pairs = spreads.flatMap(({ others }) => others.map(({ covariance }) => covariance))
    const shared = pairs.length > 0 ? Math.min(...pairs) : 0
    for (const spread of spreads)
      compared.set(spread.of.variation_id, {
        sent: true,
        shared,
        evidence: without(shared, spread),
        beside: (rival) => besideOne(rival, spread),
      })
  }
  return compared
}

/** The evidence that is left of a variation if a variance is no matter, since another has it as well. */
function without(common: number, { of, variance }: Spread): Evidence {
  const scale = 1 / ((variance - common) * of.precision)
  return { k: of.k * scale, n: of.n * scale }
}

function besideOne(rival: number, spread: Spread): Evidence | undefined {
  const other = spread.others.find(({ of }) => of.variation_id === rival)
  return other && without(other.covariance, spread)
}
