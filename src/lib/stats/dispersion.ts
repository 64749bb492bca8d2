/** Clicks and recipients; in evidence, the equivalent number of independent ones. */
export type Evidence = { k: number; n: number }

/** How much rates differ from send to send: the variance of the logarithm. */
export type Dispersion = {
  /** The estimate. */
  expected: number
  /** Upper limit of a one-sided interval: 90 % for sends, 95 % for texts. */
  cautious: number
}

/** The prior value, how many sends outweigh it, and the minimum. */
export type Prior = {
  dispersion: number
  sends: number
  least: number
  /** Quantile of the normal distribution for the upper limit. */
  caution: number
}

const ofSends: Prior = { dispersion: 0.09, sends: 8, least: 0.0025, caution: 1.2816 }
const ofTexts: Prior = { dispersion: 0.01, sends: 3, least: 0.0004, caution: 1.6449 }
/**
 * A send's deviation is capped at this many standard deviations, or at this distance: beyond that it gets a variance of
 * its own.
 */
const furthest = 2.5
const mostAtFirst = 4
/** Parts of a send with this much variance by chance have half the weight of the largest when texts are compared. */
const halfSaid = 0.05

/**
 * For sends of one text: by the method of moments from the sends of each, shrunk towards 0.09 as if that had been seen
 * eight times (selection-and-statistics, "Evidence"). The upper limit is that of a variance with as many degrees of
 * freedom (chi-squared quantile by Wilson & Hilferty 1931).
 */
export function dispersionOf(groups: readonly (readonly Evidence[])[]): Dispersion {
  const seen: Seen[] = []
  for (const own of groups) {
    const { k, n } = sumOf(own)
    if (own.length < 2 || k === 0) continue
    for (const send of own) {
      const expected = (send.n * k) / n
      const square = ((send.k - expected) / expected) ** 2 * (own.length / (own.length - 1))
      seen.push({ square, noise: (1 - k / n) / expected, weight: expected / (expected + 11), factor: 1 })
    }
  }
  return varianceOf(seen, ofSends)
}

/** A part of a split send, compared with the other parts. */
export type Beside = {
  clicks: number
  /** Clicks to be expected from the other parts and the rate of its text. */
  expected: number
  /** What the other parts say of the day: expected clicks, plus the day's own precision. */
  others: number
  ground: number
  parts: number
  /** Of the text. */
  sends: number
}

/**
 * How much a text's advantage varies from send to send, which splitting does not cancel: by the method of moments from
 * the parts of split sends, once the day that they share is taken out.
 */
export const ownDispersionOf = (all: readonly Beside[]): Dispersion =>
  varianceOf(
    all.map(({ clicks, expected, others, ground, parts, sends }) => {
      const noise = 1 / expected + 1 / (ground + others)
      return {
        square: ((clicks - expected) / expected) ** 2 * (sends > 1 ? sends / (sends - 1) : 1),
        noise,
        weight: ((halfSaid / (halfSaid + noise)) * (parts - 1)) / parts,
        // This includes the variance of the other parts.
        factor: 1 + (others / (ground + others)) ** 2 / (parts - 1),
      }
    }),
    ofTexts,
  )

/**
 * A squared difference: chance alone explains `noise` of it, and the wanted variance explains `factor` times itself.
 */
type Seen = { square: number; noise: number; weight: number; factor: number }

/** The variance by the method of moments, shrunk towards its prior. */
export function varianceOf(seen: readonly Seen[], { dispersion, sends, least, caution }: Prior): Dispersion {
  const weights = sends + seen.reduce((sum, { weight }) => sum + weight, 0)
  let expected = mostAtFirst / furthest ** 2
  for (let round = 0; round < 3; round += 1) {
    let sum = sends * dispersion
    for (const { square, noise, weight, factor } of seen) {
      const most = furthest ** 2 * (noise + expected * factor)
      sum += (weight * (Math.min(most, square) - noise)) / factor
    }
    expected = Math.max(least, sum / weights)
  }
  return { expected, cautious: expected / lowQuantile(weights, caution) }
}

/** The lower quantile of a chi-squared variable, divided by its degrees of freedom. */
const lowQuantile = (freedom: number, caution: number): number =>
  (1 - 2 / (9 * freedom) - caution * Math.sqrt(2 / (9 * freedom))) ** 3

/** Clicks and recipients of all together. */
export const sumOf = (all: readonly Evidence[]): Evidence =>
  all.reduce((sum, { k, n }) => ({ k: sum.k + k, n: sum.n + n }), { k: 0, n: 0 })
