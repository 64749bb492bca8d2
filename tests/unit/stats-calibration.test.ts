import { describe, expect, test } from 'vitest'
import { isLarger, likelihoodRatio } from '../../src/lib/stats/sequential.ts'
import { openAside } from '../support/aside.ts'

const calibrated = openAside<typeof import('../bench/calibrate.ts')>('tests/bench/calibrate.ts')

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

test.each([
  [0.25, 5],
  [0.25, 20],
  [0.5, 5],
  [0.5, 20],
])(
  'with days that differ by %d, the interval of %d sends is right as often as it claims',
  async (sigma, count) => {
    const tallies = []
    for (const round of times(40))
      tallies.push(await calibrated('intervalsOf', count, sigma, 20_251_018 + round))
    const held = tallies.reduce((sum, tally) => sum + tally.held, 0)
    const all = tallies.reduce((sum, tally) => sum + tally.all, 0)
    expect(all).toBe(800)
    // The bar of 92.5 to 97 %, and two standard errors of such a sample.
    expect(held / all).toBeGreaterThan(0.91)
    expect(held / all).toBeLessThan(0.983)
  },
)

describe('the sequential test', () => {
  test('equals its formula', () => {
    expect(likelihoodRatio(0, 0.09)).toBeCloseTo(Math.sqrt(0.5), 12)
    expect(likelihoodRatio(0.5, 0.01)).toBeCloseTo(Math.sqrt(0.1) * Math.exp((0.09 * 0.25) / (0.02 * 0.1)), 6)
    const clear = { k: 400, n: 10_000 }
    const half = { k: 200, n: 10_000 }
    expect(isLarger(clear, half, 3)).toBe(true)
    expect(isLarger(half, clear, 3)).toBe(false)
    expect(isLarger({ k: 4, n: 10 }, half, 1)).toBe(false)
    expect(isLarger(clear, { k: 4, n: 10_000 }, 1)).toBe(false)
  })

  test('needs more evidence the more texts are compared', () => {
    const one = { k: 105, n: 3_000 }
    const other = { k: 60, n: 3_000 }
    const ratio = likelihoodRatio(Math.log(105 / 60), 1 / 105 + 1 / 60)
    expect(isLarger(one, other, Math.floor(ratio / 20))).toBe(true)
    expect(isLarger(one, other, Math.floor(ratio / 20) + 1)).toBe(false)
  })

  test.each([
    [0.25, false],
    [0.5, false],
    [0.5, true],
  ])(
    'over sixty days that differ by %d, finds a winner among equals in one of twenty at most',
    async (sigma, split) => {
      const contest = { sigma, split, recipients: 20_000, lift: 1, looks: 60 }
      const winners = []
      for (const test of times(100)) winners.push(await calibrated('winnerOf', contest, 7_000 + test))
      expect(winners.filter((winner) => winner !== undefined).length).toBeLessThanOrEqual(5)
    },
  )

  test('finds the text that is better by a third, with segments in few sends, and never the other', async () => {
    const contest = { sigma: 0.25, recipients: 25_000, lift: 1.3, looks: 100 }
    for (let test = 0; test < 20; test += 1) {
      const whole = await calibrated('winnerOf', { ...contest, split: false }, 900 + test)
      expect(whole?.first).toBe(true)
      const split = await calibrated('winnerOf', { ...contest, split: true }, 900 + test)
      expect(split?.first).toBe(true)
      expect(split?.sends).toBeLessThanOrEqual(8)
    }
  })
})
