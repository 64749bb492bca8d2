import gammaQuantile from '@stdlib/stats-base-dists-gamma-quantile'
import { expect, test } from 'vitest'
import { curveOf } from '../../src/lib/stats/arrival.ts'
import { dispersionOf, ownDispersionOf } from '../../src/lib/stats/dispersion.ts'
import { poolEvidence } from '../../src/lib/stats/evidence.ts'
import type { SendSegment } from '../../src/lib/stats/known.ts'
import { usualDayOf } from '../../src/lib/stats/usual-day.ts'
import { sent } from '../support/sends.ts'

/** Of a chi-squared variable divided by its degrees of freedom. */
const quantile = (p: number, freedom: number): number => (gammaQuantile(p, freedom / 2, 1) * 2) / freedom

const aPart = { clicks: 120, expected: 100, others: 300, ground: 20, parts: 2, sends: 3 }

test('how much a text differs from send to send is what its parts show beyond chance and the day', () => {
  const noise = 1 / 100 + 1 / 320
  const weight = (0.05 / (0.05 + noise)) * (1 / 2)
  const factor = 1 + (300 / 320) ** 2
  // Three sends leave two that are free: a fifth off is 0.04 · 3/2.
  const { expected, cautious } = ownDispersionOf([aPart])
  expect(expected).toBeCloseTo((3 * 0.01 + (weight * (0.04 * 1.5 - noise)) / factor) / (3 + weight), 12)
  expect(expected / cautious / quantile(0.05, 3 + weight)).toBeCloseTo(1, 1)
  const alone = { ...aPart, sends: 1, parts: 4, clicks: 110 }
  const ofFour = (0.05 / (0.05 + noise)) * (3 / 4)
  expect(ownDispersionOf([alone]).expected).toBeCloseTo(
    (3 * 0.01 + (ofFour * (0.01 - noise)) / (1 + (300 / 320) ** 2 / 3)) / (3 + ofFour),
    12,
  )
  const twice = { ...aPart, sends: 2, clicks: 110 }
  expect(ownDispersionOf([twice]).expected).toBeCloseTo(
    (3 * 0.01 + (weight * (0.01 * 2 - noise)) / factor) / (3 + weight),
    12,
  )
})

test('a part that is far off is cut as well, by what its comparison lets differ', () => {
  const wild = { ...aPart, clicks: 400 }
  const noise = 1 / 100 + 1 / 320
  const weight = (0.05 / (0.05 + noise)) * (1 / 2)
  const factor = 1 + (300 / 320) ** 2
  let found = 4 / 6.25
  for (let round = 0; round < 3; round += 1)
    found =
      (0.03 + (weight * (Math.min(13.5, 6.25 * (noise + found * factor)) - noise)) / factor) / (3 + weight)
  expect(ownDispersionOf([wild]).expected).toBeCloseTo(found, 12)
})

test('how much sends differ is cut at two and a half standard deviations of what is found', () => {
  const groups = [
    [...Array.from({ length: 20 }, () => ({ k: 100, n: 5_000 })), { k: 900, n: 5_000 }],
    [{ k: 10, n: 900 }],
  ]
  const { expected, cautious } = dispersionOf(groups)
  const rate = 2_900 / 105_000
  const each = 5_000 * rate
  const noise = (1 - rate) / each
  const weight = each / (each + 11)
  const usual = ((100 - each) / each) ** 2 * (21 / 20)
  // Each round goes by the limit of the one before.
  let found = 4 / 6.25
  for (let round = 0; round < 3; round += 1) {
    const most = 6.25 * (noise + found)
    const wild = Math.min(most, ((900 - each) / each) ** 2 * (21 / 20))
    found = (8 * 0.09 + weight * (20 * (usual - noise) + wild - noise)) / (8 + 21 * weight)
  }
  expect(expected).toBeCloseTo(found, 12)
  expect(expected / cautious / quantile(0.1, 8 + 21 * weight)).toBeCloseTo(1, 2)
})

test('two sends of a text tell how much sends differ; one send, or sends that nobody clicked, do not', () => {
  const two = [
    { k: 120, n: 5_000 },
    { k: 80, n: 5_000 },
  ]
  const noise = (1 - 0.02) / 100
  const weight = 100 / 111
  const told = (8 * 0.09 + 2 * weight * (0.04 * 2 - noise)) / (8 + 2 * weight)
  expect(dispersionOf([two]).expected).toBeCloseTo(told, 12)
  const unclicked = [1, 2, 3].map(() => ({ k: 0, n: 5_000 }))
  expect(dispersionOf([two, [{ k: 300, n: 5_000 }], unclicked]).expected).toBeCloseTo(told, 12)
})

/** A send of one part whose day had so many clicks, of 100 that were to be expected. */
function dayWith(clicks: number): SendSegment[] {
  const [segment = expect.fail('a segment')] = poolEvidence([sent(1, 'a')], curveOf([])).sends.flat()
  return [
    {
      ...segment,
      of: { ...segment.of, rate: 0.01 },
      k: clicks,
      n: 10_000,
      exposed: 10_000,
      own: 0,
      ofSend: 1e9,
    },
  ]
}
const usualOf = (days: readonly number[]) => usualDayOf(days.map((log) => dayWith(100 * Math.exp(log))))

test('a usual day is the mean of a log-normal with the middle and the quartiles of the days, days beyond cut', () => {
  const days = [-2, -0.4, -0.3, -0.2, -0.1, 0, 0.05, 0.1, 0.2, 0.3, 0.4, 3, 3.1]
  const { factor, variance } = usualOf(days)
  // Of thirteen the quartiles are the fourth from either end.
  const spread = (0.3 + 0.2) / 1.349
  const within = days.map((day) => Math.max(-1.5 * spread, Math.min(1.5 * spread, day - 0.05)))
  const centre = 0.05 + within.reduce((sum, one) => sum + one, 0) / 13
  const mean = Math.log(days.reduce((sum, day) => sum + Math.exp(day), 0) / 13)
  expect(Math.log(factor)).toBeCloseTo(centre + spread ** 2 / 2 - mean, 6)
  expect(variance).toBeCloseTo(Math.log(factor) ** 2 / 4, 12)
  expect(factor).toBeLessThan(0.8)
})

test('a usual day is told from ten sends on', () => {
  const nine = [0, 0.1, 0.2, 0, 0.1, 0.2, 0, 0.1, 2]
  expect(usualOf(nine)).toEqual({ factor: 1, variance: 0 })
  expect(usualOf([...nine, 0]).factor).toBeLessThan(0.9)
})
