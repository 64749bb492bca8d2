import { describe, expect, test } from 'vitest'
import { isLarger, likelihoodRatio } from '../../src/lib/stats/sequential.ts'

const density = (x: number, mean: number, variance: number): number =>
  Math.exp(-((x - mean) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance)

/** How much likelier a difference is among those that differ by a standard deviation of 0.3, added up in steps. */
function mixed(difference: number, variance: number): number {
  const step = 0.0005
  let sum = 0
  for (let truth = -3; truth < 3; truth += step)
    sum += density(difference, truth, variance) * density(truth, 0, 0.09) * step
  return sum / density(difference, 0, variance)
}

test.each([
  [0, 0.02],
  [0.2, 0.02],
  [-0.5, 0.1],
  [0.8, 0.4],
])(
  'the evidence for a difference of %d with a variance of %d is that of the mixture',
  (difference, variance) => {
    expect(likelihoodRatio(difference, variance) / mixed(difference, variance)).toBeCloseTo(1, 6)
  },
)

/** The difference from which on the evidence is large enough, by halving. */
function neededFor(evidence: number, variance: number): number {
  let [low, high] = [0, 20]
  while (high - low > 1e-12) {
    const middle = (low + high) / 2
    if (likelihoodRatio(middle, variance) < evidence) low = middle
    else high = middle
  }
  return high
}

describe('a rate is larger for certain', () => {
  const of = (rate: number, k: number) => ({ k, n: k / rate })

  test.each([
    [1, 200, 150, 0],
    [3, 200, 150, 0],
    [1, 200, 150, 0.05],
    [2, 5, 5, 0],
    [1, 5, 8_000, 0],
    [1, 8_000, 5, 0],
  ])(
    'from twenty times the evidence on for each of %d comparisons: %d and %d clicks, %d besides',
    (...given) => {
      const [comparisons, k, other, besides] = given
      const needed = neededFor(20 * comparisons, 1 / k + 1 / other + besides)
      const isAt = (difference: number) =>
        isLarger(of(0.01 * Math.exp(difference), k), of(0.01, other), comparisons, besides)
      expect([isAt(needed + 1e-6), isAt(needed - 1e-6), isAt(-needed - 1)]).toEqual([true, false, false])
    },
  )

  test('if both have five clicks', () => {
    const far = (k: number, other: number) => isLarger(of(0.5, k), of(0.0001, other), 1)
    expect([far(5, 5), far(4.99, 5), far(5, 4.99), far(4.99, 4.99)]).toEqual([true, false, false, false])
  })
})
