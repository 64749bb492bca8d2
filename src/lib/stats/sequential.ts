import type { Evidence } from './evidence.ts'

const spread = 0.09
const leastClicks = 5
const evidenceNeeded = 20

/**
 * Whether one rate is larger than another, by a test that may be looked at every day: the mixture sequential
 * probability ratio (Robbins 1970; Johari et al. 2017) of the logarithm of the two rates' ratio. Among many
 * comparisons each has to be that much clearer. `besides` is variance that clicks do not explain.
 */
export function isLarger(one: Evidence, other: Evidence, comparisons: number, besides = 0): boolean {
  if (one.k < leastClicks || other.k < leastClicks) return false
  const difference = Math.log(one.k / one.n / (other.k / other.n))
  return (
    difference > 0 &&
    likelihoodRatio(difference, 1 / one.k + 1 / other.k + besides) >= evidenceNeeded * comparisons
  )
}

/** Λ for a difference of logarithms with a variance. */
export const likelihoodRatio = (difference: number, variance: number): number =>
  Math.sqrt(variance / (variance + spread)) *
  Math.exp((spread * difference ** 2) / (2 * variance * (variance + spread)))
