import stdlibQuantile from '@stdlib/stats-base-dists-beta-quantile'
import { describe, expect, test } from 'vitest'
import { type Belief, beliefOf, believe, intervalOf, leaningOf } from '../../src/lib/stats/posterior.ts'

describe('what offers say of one another', () => {
  test('is worked out as by hand, in two rounds', () => {
    const { mean, offers } = believe([{ offer_id: 7 }], () => ({ k: 100, n: 1_000 }))
    // With 20 clicks expected a text counts 1/3.5, its offer then 1/(27/7): 7.41 clicks of 74.1 beside 1 of 50.
    const first = (1 + 100 / 13.5) / (50 + 1_000 / 13.5)
    const text = 1 + (1_000 * first) / 8
    const offer = 1 + (1_000 / text) * (first / 2)
    const second = (1 + 100 / text / offer) / (50 + 1_000 / text / offer)
    expect(first).toBeCloseTo(0.06776, 5)
    expect(mean).toBeCloseTo(second, 9)
    const spread = 1 + (1_000 * second) / 8
    expect(offers[0]?.shape).toBeCloseTo(2 + 100 / spread, 9)
    expect(offers[0]?.rate).toBeCloseTo(2 / second + 1_000 / spread, 9)
  })
})

describe('what is believed of a text', () => {
  test('is its clicks, and those who did not click, beside eight clicks at the rate of its offer', () => {
    expect(beliefOf({ k: 30, n: 900 }, 0.02)).toEqual({ a: 38, b: expect.closeTo(392 + 870, 9) })
    // More clicks than recipients leave nobody who did not click.
    expect(beliefOf({ k: 30, n: 20 }, 0.02)).toEqual({ a: 38, b: expect.closeTo(392, 9) })
  })

  test('rests on the texts of its own offer', () => {
    const texts = [
      { offer_id: 1, rate: 0.01 },
      { offer_id: 2, rate: 0.05 },
      { offer_id: 1, rate: 0.02 },
    ]
    const { offers } = believe(texts, ({ rate }) => ({ k: 5_000 * rate, n: 5_000 }))
    expect(offers.map(({ offer_id, variations }) => [offer_id, variations])).toEqual([
      [1, [texts[0], texts[2]]],
      [2, [texts[1]]],
    ])
    const [low, high] = offers.map(({ shape, rate }) => shape / rate)
    expect(low).toBeLessThan(0.02)
    expect(high).toBeGreaterThan(0.03)
  })
})

describe('the interval of a rate', () => {
  /** Of a beta variable with this mean and variance. */
  const quantiles = (mean: number, variance: number) => {
    const strength = (mean * (1 - mean)) / variance - 1
    return [0.025, 0.975].map((p) => stdlibQuantile(p, mean * strength, (1 - mean) * strength))
  }
  const expectClose = (interval: readonly number[], expected: readonly number[]) =>
    expect(interval.map((end, place) => end / (expected[place] ?? 0))).toEqual([
      expect.closeTo(1, 7),
      expect.closeTo(1, 7),
    ])

  test('is that of its own belief where nothing else is in doubt', () => {
    for (const belief of [
      { a: 12, b: 5 },
      { a: 30, b: 970 },
    ] satisfies Belief[]) {
      const sure = { shape: 1e15, rate: 1e15 }
      expectClose(
        intervalOf(belief, sure, 0),
        [0.025, 0.975].map((p) => stdlibQuantile(p, belief.a, belief.b)),
      )
    }
  })

  test('adds what is not known of the offer and of the days, each as far as the rate rests on it', () => {
    const offer = { shape: 10, rate: 500 }
    const belief = { a: 30, b: 970 }
    // Of 1,000 recipients 400 are those that eight clicks at 2 % stand for.
    expect(leaningOf(belief, offer)).toBeCloseTo(0.4, 12)
    const own = (0.03 * 0.97) / 1_001
    const ofOffer = 0.4 ** 2 * (10 / 500 ** 2)
    const ofDays = (0.6 * 0.03) ** 2 * 0.05
    expectClose(intervalOf(belief, offer, 0.05), quantiles(0.03, own + ofOffer + ofDays))
  })

  test('takes an offer’s mean for 90 % at the most', () => {
    const offer = { shape: 30, rate: 10 }
    expect(beliefOf({ k: 0, n: 0 }, 3).b).toBeCloseTo(8 / 9, 12)
    expect(leaningOf({ a: 16, b: 4 }, offer)).toBeCloseTo(8 / 0.9 / 20, 12)
    expectClose(intervalOf({ a: 16, b: 4 }, offer, 0), quantiles(0.8, 0.16 / 21 + ((8 / 20) * 1) ** 2 / 30))
  })
})
