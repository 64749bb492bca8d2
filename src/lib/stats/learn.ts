import { curveOf } from './arrival.ts'
import { lookUp } from './at.ts'
import { type Evidence, type Pooled, poolEvidence, type Send } from './evidence.ts'
import type { Back, Doubted } from './parts.ts'
import {
  type Belief,
  beliefOf,
  believe,
  intervalOf,
  leaningOf,
  meanOf,
  type OfferBelief,
} from './posterior.ts'
import { type Spread, spreadsOf } from './same-days.ts'
import { type UsualDay, usualDayOf } from './usual-day.ts'

/** What all sends of a variation say of it. Rates are shares, 0 to 1. */
export type Learned<Variation> = {
  variation: Variation
  /** Whether it was ever sent. */
  sent: boolean
  /** Effective clicks and recipients for a comparison with all others of its offer. */
  evidence: Evidence
  belief: Belief
  /** The same without upper limits: what is expected, and not what surely holds. */
  expected: Belief
  mean: number
  /** What converting it to today's rate adds to the variance of its logarithm. */
  drift: number
  /** 95 % credible interval of the rate. */
  interval: [low: number, high: number]
  /** Effective clicks and recipients for a comparison with one other. */
  beside: (rival: Variation) => Evidence
  /** What converting both to today's rates adds to the variance of their difference. */
  driftAgainst: (rival: Variation) => number
  /** Whether it had the smaller parts of the sends that they shared. */
  smallerThan: (rival: Variation) => boolean
}

export type LearnedOffer<Variation> = OfferBelief & {
  offer_id: number
  /** Variance of the logarithm of the rate that all its variations share, such as that of common days. */
  shared: number
  variations: Learned<Variation>[]
}

const nothing: Evidence = { k: 0, n: 0 }

/**
 * What editors are shown about all variations: everything counts, however old, and days are assumed to differ by the
 * upper limit, so that intervals and winners also hold while there are too few sends to know how much days differ. The
 * uncertainty that texts of an offer share through common days is left out of comparisons and included in the rates
 * themselves. `level` is the variance of the logarithm that all rates share for other reasons.
 */
export function learn<Variation extends { offer_id: number; variation_id: number }, Sent extends Send>(
  variations: readonly Variation[],
  sends: readonly Sent[],
  level = 0,
): { mean: number; offers: LearnedOffer<Variation>[]; doubted: Doubted<Sent>[] } {
  const inOrder = sends.toSorted((one, other) => other.age - one.age)
  const pooled = poolEvidence(inOrder, curveOf(sends), { cautious: true })
  const compared = compare(pooled)
  const of = ({ variation_id }: Variation) => compared.get(variation_id)
  const believed = believe(variations, (variation) => of(variation)?.evidence ?? nothing)
  return {
    mean: believed.mean,
    doubted: pooled.doubted,
    offers: believed.offers.map(({ variations: own, ...offer }) => {
      const shared = level + Math.max(0, ...own.map((variation) => of(variation)?.shared ?? 0))
      return {
        ...offer,
        shared,
        variations: own.map((variation) => {
          const {
            sent = false,
            evidence = nothing,
            drift = 0,
            surer = 1,
            beside,
            driftAgainst,
            smallerThan,
          } = of(variation) ?? {}
          const belief = beliefOf(evidence, offer.shape / offer.rate)
          return {
            variation,
            sent,
            evidence,
            belief,
            expected: sharpen(belief, leaningOf(belief, offer), surer),
            drift,
            mean: meanOf(belief),
            interval: intervalOf(belief, offer, shared + drift),
            // Compared with one that was never sent, its own evidence counts.
            beside: (rival: Variation) => beside?.(rival.variation_id) ?? evidence,
            driftAgainst: (rival: Variation) => driftAgainst?.(rival.variation_id) ?? drift,
            smallerThan: (rival: Variation) => smallerThan?.(rival.variation_id) ?? false,
          }
        }),
      }
    }),
  }
}

/** The belief with the same mean, of which the evidence is surer. */
function sharpen({ a, b }: Belief, leaning: number, surer: number): Belief {
  const factor = leaning + (1 - leaning) * surer
  return { a: a * factor, b: b * factor }
}

type Compared = {
  sent: boolean
  evidence: Evidence
  shared: number
  drift: number
  /** How much more precise its rate is without upper limits. */
  surer: number
  beside: (rival: number) => Evidence | undefined
  driftAgainst: (rival: number) => number
  smallerThan: (rival: number) => boolean
}

/** Evidence for comparisons within each offer, by variation. */
function compare({ sends, drift }: Pooled): Map<number, Compared> {
  const offers = Map.groupBy(spreadsOf(sends), ({ of }) => of.offer_id)
  const reaches = reachOf(sends)
  const back = (id: number): Back => lookUp(reaches, id, nowhere).back
  const usual = usualDayOf(sends)
  const smallerThan = comparingParts(sends)
  const compared = new Map<number, Compared>()
  for (const spreads of offers.values()) {
    // Any two share at least this much: leaving it out for all makes no comparison too certain.
    const pairs = spreads.flatMap(({ others }) => others.map(({ covariance }) => covariance))
    const shared = pairs.length > 0 ? Math.min(...pairs) : 0
    for (const spread of spreads)
      compared.set(spread.of.variation_id, {
        sent: true,
        shared: shared + usual.variance,
        evidence: without(shared, spread, usual),
        drift: drift.varianceOf(back(spread.of.variation_id)),
        surer: lookUp(reaches, spread.of.variation_id, nowhere).surer,
        beside: (rival) => besideOne(rival, spread, usual),
        driftAgainst: (rival) => {
          const [one, other] = [back(spread.of.variation_id), back(rival)]
          return drift.varianceOf([one[0] - other[0], one[1] - other[1]])
        },
        smallerThan: (rival) => smallerThan(spread.of.variation_id, rival),
      })
  }
  return compared
}

/** The evidence about a variation without a variance that it shares with another. */
function without(common: number, { of, variance }: Spread, { factor }: UsualDay): Evidence {
  const scale = 1 / ((variance - common) * of.precision)
  return { k: of.k * scale, n: (of.n * scale) / factor }
}

function besideOne(rival: number, spread: Spread, usual: UsualDay): Evidence | undefined {
  const other = spread.others.find(({ of }) => of.variation_id === rival)
  return other && without(other.covariance, spread, usual)
}

type Reach = { back: Back; surer: number }
const nowhere: Reach = { back: [0, 0], surer: 1 }

/**
 * The mean age of each variation's evidence, and how much surer it would be without upper limits: not at all where it
 * has sends to other readers, since how far those hold is not known, either.
 */
function reachOf(sends: Pooled['sends']): Map<number, Reach> {
  const sums = new Map<
    number,
    { years: number; showings: number; all: number; cautious: number; usual: number }
  >()
  for (const segments of sends)
    for (const { of, part, exposed, own, ofSend, caution } of segments) {
      const sum = lookUp(sums, of.variation_id, { years: 0, showings: 0, all: 0, cautious: 0, usual: 0 })
      const noise = 1 / (exposed * of.rate) + own
      const weight = 1 / (noise + ofSend / segments.length)
      sum.years += weight * part.back[0]
      sum.showings += weight * part.back[1]
      sum.all += weight
      // The other parts of a send cancel its day.
      const alone = segments.length > 1 ? noise : noise + ofSend
      sum.cautious += 1 / alone
      sum.usual += 1 / (alone - caution)
      sums.set(of.variation_id, sum)
    }
  const isOwn = sends.every((segments) => segments.every(({ part }) => part.weight === 1))
  return new Map(
    [...sums].map(([id, { years, showings, all, cautious, usual }]) => [
      id,
      { back: [years / all, showings / all], surer: isOwn ? usual / cautious : 1 },
    ]),
  )
}

const alike = Math.log(1.25)

/**
 * Answers whether one variation had parts that were smaller by a fifth or more than another's. Clickers are
 * distinguished by address, and each address counts up to a limit, which costs a large part more than a small one.
 */
function comparingParts(sends: Pooled['sends']): (one: number, other: number) => boolean {
  let sizes: Map<number, Map<unknown, number>> | undefined
  return (one, other) => {
    sizes ??= sizesOf(sends)
    const rivals = lookUp(sizes, other, new Map<unknown, number>())
    let sum = 0
    let all = 0
    for (const [send, own] of lookUp(sizes, one, new Map<unknown, number>())) {
      const rival = rivals.get(send)
      if (rival === undefined) continue
      sum += Math.log(own / rival)
      all += 1
    }
    return all > 0 && sum / all < -alike
  }
}

/** By variation, the recipients of its part of each split send. */
function sizesOf(sends: Pooled['sends']): Map<number, Map<unknown, number>> {
  const sizes = new Map<number, Map<unknown, number>>()
  for (const segments of sends) {
    if (segments.length < 2) continue
    for (const { of, part } of segments) {
      const own = sizes.get(of.variation_id)
      if (own) own.set(segments, part.send.recipients)
      else sizes.set(of.variation_id, new Map([[segments, part.send.recipients]]))
    }
  }
  return sizes
}
