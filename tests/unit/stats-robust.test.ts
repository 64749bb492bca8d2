import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chanceOf, findDeviations, type WeightedPart } from '../../src/lib/stats/robust.ts'

const pool = 0.02
const aPart = (place: number, k: number, n: number): WeightedPart => ({
  ...{ variation_id: 1, newsletter_send_id: `${place}`, k, n, weight: 1 },
  ...{ lag: 0, unsure: 0, off: 0, noise: 1, common: 0, extraOwn: 0, extraOfSend: 0, doubted: false },
})
const medianOf = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const [low = 0, high = 0] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return (low + high) / 2
}

test('a send is compared with the median rate of nine around it, or of the first or last nine', () => {
  const rows = fc.array(fc.tuple(fc.nat({ max: 90 }), fc.integer({ min: 1, max: 5_000 })), {
    minLength: 1,
    maxLength: 25,
  })
  fc.assert(
    fc.property(rows, (own) => {
      const parts = own.map(([k, n], place) => aPart(place, k, n))
      findDeviations(parts, pool)
      const rates = own.map(([k, n]) => Math.log((k + 0.5) / (n + 0.5 / pool)))
      for (const [place, part] of parts.entries()) {
        const from = Math.max(0, Math.min(place - 4, own.length - 9))
        expect(part.off).toBeCloseTo((rates[place] ?? 0) - medianOf(rates.slice(from, from + 9)), 12)
      }
    }),
  )
})

/** The send in the middle of nine that are alike but for it. */
const judged = (k: number, usual: number, rate = usual / 5_000): WeightedPart => {
  const parts = Array.from({ length: 9 }, (_, place) => aPart(place, place === 5 ? k : usual, 5_000))
  findDeviations(parts, rate)
  return parts[5] ?? expect.fail()
}

test('a send is doubted where it counts for less by a tenth or more, and is off by a factor of 2.2', () => {
  for (const usual of [4, 10, 11, 12, 30, 100])
    for (let k = 0; k < 6 * usual; k += 1) {
      const { off, noise, extraOfSend, extraOwn, doubted } = judged(k, usual, pool)
      const spread = 0.15 ** 2 + chanceOf(off, 1 / noise)
      const counts = spread / (spread + extraOfSend)
      expect(extraOwn).toBe(0)
      expect(doubted, `${k} of ${usual}`).toBe(Math.abs(off) > Math.log(2.2) && counts < 0.9)
    }
})

/** The chance of at most so many where a Poisson variable has this mean. */
const atMost = (k: number, mean: number): number => {
  let [term, sum] = [Math.exp(-mean), 0]
  for (let one = 0; one <= k; one += 1) {
    sum += term
    term *= mean / (one + 1)
  }
  return sum
}

test('fewer clickers than usual are doubted where that is not chance, however few are usual', () => {
  for (let usual = 1; usual <= 60; usual += 1)
    for (let k = 0; k < usual; k += 1) {
      const { doubted } = judged(k, usual)
      const chance = atMost(k, usual)
      if (doubted) expect(chance, `${k} of ${usual}`).toBeLessThan(0.01)
      // Days differ as well, and by less than a factor of 2.2 nothing is unusual.
      if (2.3 * k < usual && chance < 1e-4) expect(doubted, `${k} of ${usual}`).toBe(true)
    }
  // Nobody of three, of whom one in twenty sends has none.
  expect([3, 4, 5, 6].map((usual) => judged(0, usual).doubted)).toEqual([false, false, true, true])
})

test('chance is that of Poisson counts, and without a deviation that of their number', () => {
  for (const off of [-3, -1, -0.1, -0.0011, -0.0009, -1e-12, 0, 1e-12, 2]) {
    const [expected, come] = [7, 7 * Math.exp(off)]
    const deviance = 2 * (come * Math.log(come / expected) - (come - expected))
    const variance = off < -1e-3 ? off ** 2 / deviance : 1 / expected
    expect(chanceOf(off, expected) / variance).toBeCloseTo(1, 7)
  }
})
