/** Clicks of recipients; in evidence, worth as much as so many clicks of so many independent recipients. */
export type Evidence = { k: number; n: number }

/** How much rates differ from send to send: the variance of the logarithm. */
export type Dispersion = {
  /** What is most likely. */
  expected: number
  /** What it hardly exceeds: the upper limit of a one-sided interval, of 90 % for sends and 95 % for texts. */
  cautious: number
}

/**
 * What is believed before anything was sent, how many sends it takes to outweigh that, and what it never falls
 * below.
 */
export type Prior = {
  dispersion: number
  sends: number
  least: number
  /** Quantile of the normal distribution that the upper limit goes by. */
  caution: number
}

const ofSends: Prior = { dispersion: 0.09, sends: 8, least: 0.0025, caution: 1.2816 }
const ofTexts: Prior = { dispersion: 0.01, sends: 3, least: 0.0004, caution: 1.6449 }
/** One send is no more than so many standard deviations off, or so far: beyond that it has a variance of its own. */
const furthest = 2.5
const mostAtFirst = 4
/** Parts of a send whose variance by chance is this say half as much of what texts differ by as the largest. */
const halfSaid = 0.05

/**
 * Of sends of one text: from the sends of each, by the method of moments, drawn towards 0.09 as if that had
 * been seen eight times (selection-and-statistics, "Evidence"). The upper limit is that of a variance with as
 * many degrees of freedom, its chi-squared quantile by Wilson & Hilferty 1931.
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

/** A part of a split send, beside the others of it. */
export type Beside = {
  clicks: number
  /** As the others of the send had it, by the rate of its text. */
  expected: number
  /** Of the others, what their day is known by: clicks to be expected, and the day's own precision. */
  others: number
  ground: number
  parts: number
  /** Of the text. */
  sends: number
}

/**
 * Of a text's advantage from send to send, which splitting does not cancel: by what the parts of split sends
 * are off when the day that they share is taken out, again by the method of moments.
 */
export const ownDispersionOf = (all: readonly Beside[]): Dispersion =>
  varianceOf(
    all.map(({ clicks, expected, others, ground, parts, sends }) => {
      const noise = 1 / expected + 1 / (ground + others)
      return {
        square: ((clicks - expected) / expected) ** 2 * (sends > 1 ? sends / (sends - 1) : 1),
        noise,
        weight: ((halfSaid / (halfSaid + noise)) * (parts - 1)) / parts,
        // What the others differ by is in it as well.
        factor: 1 + (others / (ground + others)) ** 2 / (parts - 1),
      }
    }),
    ofTexts,
  )

/**
 * A squared difference, of which chance alone explains `noise`, and the variance that is looked for `factor`
 * times itself.
 */
type Seen = { square: number; noise: number; weight: number; factor: number }

/** The variance that explains what is seen, by the method of moments, drawn towards its prior. */
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

/** The low quantile of a chi-squared variable, divided by its degrees of freedom. */
const lowQuantile = (freedom: number, caution: number): number =>
  (1 - 2 / (9 * freedom) - caution * Math.sqrt(2 / (9 * freedom))) ** 3

/** Clicks and recipients of all together. */
export const sumOf = (all: readonly Evidence[]): Evidence =>
  all.reduce((sum, { k, n }) => ({ k: sum.k + k, n: sum.n + n }), { k: 0, n: 0 })
