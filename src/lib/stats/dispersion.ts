import type { Evidence } from './evidence.ts'

/** How much a day makes all rates of that day larger or smaller: the variance of the logarithm. */
export type Dispersion = {
  /** What is most likely. */
  expected: number
  /** What it hardly exceeds: the upper limit of a one-sided 90 % interval. */
  cautious: number
}

/** What is believed before anything was sent, and how many sends it takes to outweigh that. */
const prior = { dispersion: 0.09, sends: 8 }
const least = 0.0025

/**
 * From the sends of each variation, by the method of moments, drawn towards 0.09 as if that had been seen eight times
 * (selection-and-statistics, "Evidence"). The upper limit is that of a variance with as many degrees of freedom, its
 * chi-squared quantile by Wilson & Hilferty 1931.
 */
export function dispersionOf(groups: readonly (readonly Evidence[])[]): Dispersion {
  let weights = prior.sends
  let sum = prior.sends * prior.dispersion
  for (const own of groups) {
    const { k, n } = sumOf(own)
    if (own.length < 2 || k === 0) continue
    for (const send of own) {
      const expected = (send.n * k) / n
      const excess =
        ((send.k - expected) / expected) ** 2 * (own.length / (own.length - 1)) - (1 - k / n) / expected
      const weight = expected / (expected + 11)
      weights += weight
      sum += weight * Math.min(4, excess)
    }
  }
  const expected = Math.max(least, sum / weights)
  return { expected, cautious: expected / lowQuantile(weights) }
}

/** The 10 % quantile of a chi-squared variable, divided by its degrees of freedom. */
const lowQuantile = (freedom: number): number =>
  (1 - 2 / (9 * freedom) - 1.2816 * Math.sqrt(2 / (9 * freedom))) ** 3

/** Clicks and recipients of all together. */
export const sumOf = (all: readonly Evidence[]): Evidence =>
  all.reduce((sum, { k, n }) => ({ k: sum.k + k, n: sum.n + n }), { k: 0, n: 0 })
