import { describe, expect, test } from 'vitest'
import { arrived, curveOf, marks } from '../../src/lib/stats/arrival.ts'
import { chanceOfBurst, firstHoursOf } from '../../src/lib/stats/bursts.ts'

let names = 0
const aSend = (clickers_by: readonly number[], age = 10) => {
  names += 1
  return { newsletter_send_id: `${names}`, age, clickers_by }
}
const usually = (hours: number) => 1 / (1 + (4 / hours) ** 1.3)
const before = marks.map((hours) => usually(hours) / usually(72))

describe('the curve of arrival', () => {
  test('has each send’s shares beside four of the usual ones, each by its clickers and chance of no burst', () => {
    const sends = [
      aSend([20, 40, 50, 70, 80, 90, 100, 100]),
      aSend([10, 10, 20, 20, 30, 30, 30, 30]),
      aSend([0, 1, 3, 4, 4, 5, 5, 5], 3.01),
    ]
    const { shares, first = expect.fail('first hours') } = curveOf([
      ...sends,
      aSend(
        marks.map(() => 50),
        3,
      ),
    ])
    const weights = sends.map(({ clickers_by: by }) => {
      const [come = 0, all = 0] = [by[0], by[7]]
      return ((1 - chanceOfBurst({ first: come, all }, first)) * all) / (all + 20)
    })
    expect(weights[1]).toBeLessThan(30 / 50)
    expect(weights[2]).toBe(5 / 25)
    const all = 4 + weights.reduce((sum, weight) => sum + weight, 0)
    for (const [mark, share] of shares.entries()) {
      const sum = sends.reduce(
        (total, { clickers_by: by }, place) =>
          total + ((weights[place] ?? 0) * (by[mark] ?? 0)) / (by[7] ?? 1),
        4 * (before[mark] ?? 0),
      )
      expect(share).toBeCloseTo(sum / all, 12)
    }
  })

  test('goes by sends that are older than three days and had clickers', () => {
    const old = [aSend([25, 50, 60, 70, 80, 92, 98, 100])]
    const late = [10, 20, 30, 40, 60, 80, 90, 100]
    const [young, older] = [curveOf([...old, aSend(late, 3)]), curveOf([...old, aSend(late, 3.001)])]
    expect(young).toEqual(curveOf(old))
    expect(older).not.toEqual(curveOf(old))
    expect(curveOf([...old, aSend(marks.map(() => 0))])).toEqual(curveOf(old))
  })

  test('is as unsure as sends differ at 1, 3, 6 and 12 hours beyond chance', () => {
    const by = [25, 50, 60, 70, 80, 92, 98, 100]
    const { shares, variance } = curveOf([aSend(by)])
    const weight = 100 / 120
    const differences = [0, 2, 3, 4].map((mark) => {
      const share = shares[mark] ?? 0
      const byChance = (share * (1 - share)) / 100
      return (((by[mark] ?? 0) / 100 - share) ** 2 - byChance) / (share * (1 - share)) ** 2
    })
    expect(Math.max(...differences)).toBeLessThan(1)
    const mean = differences.reduce((sum, one) => sum + one, 0) / 4
    const between = (4 * 0.15 + weight * mean) / (4 + weight)
    expect(variance).toBeCloseTo(between + 0.8 / (4 + weight) + between / (4 + weight), 12)
  })

  test('takes no send for further off than 1, and does not believe that all sends are alike', () => {
    const atOnce = curveOf([aSend(marks.map(() => 1e9))])
    const shares = [0, 2, 3, 4].map((mark) => atOnce.shares[mark] ?? 0)
    const cut = shares.map((share) => Math.min(1, (1 - share) ** 2 / (share * (1 - share)) ** 2))
    const between = (0.6 + cut.reduce((sum, one) => sum + one, 0) / 4) / 5
    expect(atOnce.variance).toBeCloseTo(between + 0.8 / 5 + between / 5, 6)
    const alike = curveOf(Array.from({ length: 700 }, () => aSend(before.map((share) => 300 * share))))
    expect(alike.variance).toBeCloseTo(0.01 + 0.8 / 660.25 + 0.01 / 660.25, 6)
  })

  test('goes by the newest 800 sends', () => {
    const newest = Array.from({ length: 800 }, () => aSend(before.map((share) => 100 * share)))
    const old = aSend(marks.map(() => 100))
    expect(curveOf([old, ...newest])).toEqual(curveOf(newest))
    expect(curveOf([...newest.slice(1), old])).not.toEqual(curveOf(newest))
  })
})

test('where all of very many came at once, nobody knows what is usual', () => {
  for (const all of [20_000, 1e6, 1e9]) expect(firstHoursOf([{ first: all, all }])).toBeUndefined()
  expect(firstHoursOf([])).toBeUndefined()
})

describe('what has arrived', () => {
  const curve = { ...curveOf([]), variance: 0.3 }

  test('is the usual curve before anything is known', () => {
    for (const hours of [0.01, 0.5, 1, 2.5, 5, 30, 71]) {
      const { share, variance } = arrived(hours / 24, curve)
      expect(share).toBeCloseTo(usually(hours) / usually(72), 12)
      expect(variance).toBeCloseTo((1 - share) ** 2 * 0.3, 12)
    }
    expect([arrived(3, curve), arrived(9, curve), arrived(0, curve), arrived(-1, curve)]).toEqual([
      { share: 1, variance: 0 },
      { share: 1, variance: 0 },
      { share: 0, variance: 0.3 },
      { share: 0, variance: 0.3 },
    ])
  })

  test('goes through the shares of its marks, on straight lines of their logits over the logarithm of hours', () => {
    const shares = [0.1, 0.3, 0.35, 0.6, 0.7, 0.9, 0.95, 1]
    for (const [mark, hours] of marks.entries())
      expect(arrived(hours / 24, { ...curve, shares }).share).toBeCloseTo(shares[mark] ?? 0, 12)
    const logit = (share: number) => Math.log(1 / share - 1)
    const middle = (logit(0.35 * usually(72)) + logit(0.6 * usually(72))) / 2
    expect(arrived(Math.sqrt(3 * 6) / 24, { ...curve, shares }).share).toBeCloseTo(
      1 / (1 + Math.exp(middle)) / usually(72),
      12,
    )
    // Before the first mark it is as steep as the usual one.
    const early = logit(0.1 * usually(72)) + 1.3 * Math.log(2)
    expect(arrived(0.5 / 24, { ...curve, shares }).share).toBeCloseTo(
      1 / (1 + Math.exp(early)) / usually(72),
      12,
    )
  })

  test('is a share also where all or nothing came at once', () => {
    for (const share of [0, 1, 2]) {
      const found = arrived(0.1, { ...curve, shares: marks.map(() => share) }).share
      expect(found).toBeGreaterThanOrEqual(0)
      expect(found).toBeLessThanOrEqual(1)
    }
  })
})
