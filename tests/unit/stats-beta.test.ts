import stdlibCdf from '@stdlib/stats-base-dists-beta-cdf'
import stdlibQuantile from '@stdlib/stats-base-dists-beta-quantile'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { betaCdf, betaQuantile, normalQuantile } from '../../src/lib/stats/beta.ts'

const off = (value: number, truth: number) => Math.abs(value - truth) / Math.abs(truth)

const shapes = [
  [0.5, 0.5],
  [1, 1],
  [2, 3],
  [8, 392],
  [0.5, 1e6],
  [1e5, 1e7],
  [1e5, 1e5],
  [30, 0.7],
  [1e3, 2],
  [5, 1e4],
  [250, 12_000],
] as const
const probabilities = [1e-6, 1e-3, 0.025, 0.3, 0.5, 0.8, 0.975, 0.9999]

describe.each(shapes)('Beta(%d, %d)', (a, b) => {
  test('its distribution function is right to eight digits', () => {
    for (const p of probabilities) {
      const x = stdlibQuantile(p, a, b)
      const truth = stdlibCdf(x, a, b)
      expect(off(betaCdf(x, a, b), truth), `at ${x}`).toBeLessThan(1e-8)
    }
  })

  test('its quantiles are right to eight digits, in the tails too', () => {
    for (const p of probabilities)
      expect(off(betaQuantile(p, a, b), stdlibQuantile(p, a, b)), `at ${p}`).toBeLessThan(1e-8)
  })
})

test('simple cases have their exact values', () => {
  expect(betaCdf(0.3, 1, 1)).toBeCloseTo(0.3, 14)
  expect(betaCdf(0.5, 2, 2)).toBeCloseTo(0.5, 14)
  expect(betaCdf(0.2, 1, 5)).toBeCloseTo(1 - 0.8 ** 5, 14)
  expect(betaQuantile(0.36, 2, 1)).toBeCloseTo(0.6, 14)
  expect([betaCdf(0, 2, 3), betaCdf(1, 2, 3), betaCdf(-1, 2, 3), betaCdf(2, 2, 3)]).toEqual([0, 1, 0, 1])
})

/** With whole parameters it is the chance of at least `a` heads among a + b − 1: a sum of whole numbers. */
function headsAmong(a: number, b: number): number {
  const tosses = a + b - 1
  let ways = 1n
  let sum = 0n
  for (let heads = 0; heads <= tosses; heads += 1) {
    if (heads >= a) sum += ways
    ways = (ways * BigInt(tosses - heads)) / BigInt(heads + 1)
  }
  return Number((sum * 10n ** 40n) / 2n ** BigInt(tosses)) / 1e40
}

test('is right to thirteen digits for whole parameters on both sides of 15', () => {
  for (const a of [1, 2, 7, 14, 15, 16, 17, 20, 31])
    for (const b of [1, 3, 15, 16, 17, 24])
      expect(off(betaCdf(0.5, a, b), headsAmong(a, b)), `${a}, ${b}`).toBeLessThan(2e-13)
})

test('keeps its digits where an event in a thousand million is expected', () => {
  for (const events of [0.25, 0.5, 1])
    expect(off(betaCdf(events * 1e-9, 1, 1e9), -Math.expm1(1e9 * Math.log1p(-events * 1e-9)))).toBeLessThan(
      1e-12,
    )
})

test('a quantile next to 1 is as right as the one next to 0', () => {
  const tail = 2 ** -40
  for (const [a, b] of [
    [2, 20],
    [20, 2],
    [1, 30],
  ] as const)
    expect(off(1 - betaQuantile(1 - tail, a, b), betaQuantile(tail, b, a))).toBeLessThan(1e-9)
  expect(off(betaQuantile(tail, 30, 1), tail ** (1 / 30))).toBeLessThan(1e-9)
})

test('a quantile is right even if the parameters are millions of millions', () => {
  for (const p of [0.001, 0.025, 0.4, 0.9])
    expect(off(betaCdf(betaQuantile(p, 2e12, 1e12), 2e12, 1e12), p)).toBeLessThan(2e-8)
})

test('the search for a quantile starts near that of a normal variable', () => {
  for (const [p, quantile] of [
    [1e-6, -4.7534],
    [0.001, -3.0902],
    [0.025, -1.96],
    [0.3, -0.5244],
    [0.5, 0],
    [0.8, 0.8416],
    [0.9999, 3.719],
  ] as const)
    expect(Math.abs(normalQuantile(p) - quantile)).toBeLessThan(0.0031)
})

test.each([
  [0, 1],
  [1, 0],
  [1, -1],
  [Number.NaN, 1],
  [1, Number.POSITIVE_INFINITY],
])('a quantile of parameters %d and %d is an error, not an endless search', (a, b) => {
  expect(() => betaQuantile(0.5, a, b)).toThrow(
    new RangeError(`A beta variable has two finite parameters above 0, not ${a} and ${b}`),
  )
})

test('the quantile is the inverse, and the two tails mirror each other', () => {
  const shape = fc.double({ min: 0.5, max: 1e5, noNaN: true })
  fc.assert(
    fc.property(shape, shape, fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), (a, b, p) => {
      const x = betaQuantile(p, a, b)
      if (x > 1e-12 && x < 1 - 1e-12) expect(betaCdf(x, a, b)).toBeCloseTo(p, 8)
      expect(betaCdf(0.4, a, b)).toBeCloseTo(1 - betaCdf(0.6, b, a), 10)
    }),
  )
})
