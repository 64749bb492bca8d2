import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findDeviations, type WeightedPart } from '../../src/lib/stats/robust.ts'

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

test('a send is doubted where it counts for less by a tenth or more, and is off by a factor of 2.2', () => {
  for (const usual of [4, 10, 11, 12, 30, 100])
    for (let k = 0; k < 6 * usual; k += 1) {
      const parts = Array.from({ length: 9 }, (_, place) => aPart(place, place === 5 ? k : usual, 5_000))
      findDeviations(parts, pool)
      const { off, noise, extraOfSend, extraOwn, doubted } = parts[5] ?? expect.fail()
      const spread = 0.15 ** 2 + noise
      const counts = spread / (spread + extraOfSend)
      expect(extraOwn).toBe(0)
      expect(doubted, `${k} of ${usual}`).toBe(Math.abs(off) > Math.log(2.2) && counts < 0.9)
    }
})
