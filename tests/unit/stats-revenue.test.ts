import { describe, expect, test } from 'vitest'
import { gammaQuantile, rateInterval, revenueInterval } from '../../src/lib/stats/revenue.ts'
import { chance } from '../crash/seeded-random.ts'

describe('a quantile of the gamma distribution', () => {
  /** Half of the quantiles of chi-square in common tables, with twice as many degrees of freedom as the shape. */
  test.each([
    [0.025, 0.5, 0.000982069 / 2],
    [0.975, 0.5, 5.023886 / 2],
    [0.025, 1, 0.05063562 / 2],
    [0.975, 1, 7.377759 / 2],
    [0.5, 1, 1.386294 / 2],
    [0.025, 5, 3.246973 / 2],
    [0.975, 5, 20.48318 / 2],
    [0.025, 50, 74.22193 / 2],
    [0.975, 50, 129.5612 / 2],
  ])('below which it is with p = %d at shape %d is %d', (p, shape, expected) => {
    expect(gammaQuantile(p, shape) / expected).toBeCloseTo(1, 5)
  })

  test('of very many events is right, too', () => {
    // The cube root of a gamma variable is nearly normal (Wilson & Hilferty 1931).
    for (const [p, z] of [
      [0.025, -1.959964],
      [0.5, 0],
      [0.975, 1.959964],
    ] as const)
      expect(gammaQuantile(p, 5_000) / (5_000 * (1 - 1 / 45_000 + z / Math.sqrt(45_000)) ** 3)).toBeCloseTo(
        1,
        4,
      )
  })
})

describe('the interval of a conversion rate', () => {
  test('is that of Jeffreys', () => {
    const [low, high] = rateInterval(3, 100) ?? []
    expect(low).toBeCloseTo(0.0085, 4)
    expect(high).toBeCloseTo(0.078, 3)
  })

  test('reaches the ends if nothing or all converted, and is missing without clicks', () => {
    expect(rateInterval(0, 20)?.[0]).toBe(0)
    expect(rateInterval(20, 20)?.[1]).toBe(1)
    expect(rateInterval(21, 20)).toBeUndefined()
    expect(rateInterval(0, 0)).toBeUndefined()
  })
})

describe('the interval of revenue', () => {
  const of = (revenue: number, squares: number, among = { revenue, squares }) =>
    revenueInterval({ revenue, squares }, among)

  test('of equal amounts is that of their number (Garwood 1936)', () => {
    const [low = 0, high = 0] = of(40, 400) ?? []
    expect(low / 10).toBeCloseTo(1.09, 2)
    expect(high / 10).toBeCloseTo(10.24, 2)
  })

  test('is wider if amounts differ, and if larger ones are known', () => {
    const width = ([low, high]: [number, number]) => high - low
    const even = of(40, 400) ?? [0, 0]
    expect(width(of(40, 1_003) ?? [0, 0])).toBeGreaterThan(width(even))
    const among = of(40, 400, { revenue: 100, squares: 3_000 }) ?? [0, 0]
    expect(among[0]).toBe(even[0])
    expect(among[1]).toBeGreaterThan(even[1])
    expect(of(40, 400, { revenue: 0, squares: 0 })).toEqual(even)
  })

  test('is missing before the first revenue', () => {
    expect(of(0, 0)).toBeUndefined()
    expect(of(1, 0)).toBeUndefined()
    expect(of(0, 1)).toBeUndefined()
  })

  test('is right as often as it claims, also for few and unequal conversions', () => {
    const random = chance(7)
    /** Amounts of 5, and a fifth of 30: what they are on the whole is known from others. */
    const among = { revenue: 10, squares: 0.8 * 25 + 0.2 * 900 }
    for (const expected of [4, 15]) {
      let held = 0
      const runs = 600
      for (let run = 0; run < runs; run += 1) {
        let [revenue, squares] = [0, 0]
        let at = -Math.log(1 - random())
        while (at < expected) {
          at -= Math.log(1 - random())
          const amount = random() < 0.8 ? 5 : 30
          revenue += amount
          squares += amount * amount
        }
        const [low, high] = of(revenue, squares, among) ?? [0, Number.POSITIVE_INFINITY]
        if (low <= expected * 10 && expected * 10 <= high) held += 1
      }
      expect(held / runs, `${expected} expected`).toBeGreaterThan(0.94)
    }
  })
})
