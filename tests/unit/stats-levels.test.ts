import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Earnings, SendEarnings } from '../../src/lib/model/earnings.ts'
import { arrived, curveOf } from '../../src/lib/stats/arrival.ts'
import { delayCurveOf, shareKnown } from '../../src/lib/stats/conversion-delays.ts'
import { dispersionOf } from '../../src/lib/stats/dispersion.ts'
import { mostOf, usualAmount } from '../../src/lib/stats/heavy-amounts.ts'
import { levelOf, type OfOffer } from '../../src/lib/stats/levels.ts'
import { type ClickedSend, clickValueOf } from '../../src/lib/stats/value.ts'

const within = { dispersion: 0.05, sends: 4, least: 0.01, caution: 0 }
const between = { dispersion: 0.2, sends: 3, least: 0.02, caution: 0 }

type Counted = { k: number; n: number }

/** How much likelier events are if factors have a variance than by chance alone, added up in steps of the factor. */
function likelier({ k, n }: Counted, variance: number): number {
  const shape = 1 / variance
  const step = 0.001
  let [sum, all] = [0, 0]
  for (let factor = step / 2; factor < 9; factor += step) {
    const density = factor ** (shape - 1) * Math.exp(-shape * factor)
    sum += density * factor ** k * Math.exp(-n * (factor - 1))
    all += density
  }
  return sum / all
}

/** The variance of factors, by moments drawn towards a prior, times the chance that they differ at all. */
function differences(groups: readonly (readonly Counted[])[], prior: typeof within): number {
  const compared = groups.filter((own) => own.length > 1)
  const rows = compared.flatMap((own) =>
    own.map(({ k, n }) => ({
      square: ((k - n) / n) ** 2 * (own.length / (own.length - 1)),
      noise: 1 / n,
      weight: (prior.dispersion * n) / (prior.dispersion * n + 1),
    })),
  )
  let variance = 4 / 6.25
  for (let round = 0; round < 3; round += 1) {
    let [sum, all] = [prior.sends * prior.dispersion, prior.sends]
    for (const { square, noise, weight } of rows) {
      sum += weight * (Math.min(square, 6.25 * (noise + variance)) - noise)
      all += weight
    }
    variance = Math.max(prior.least, sum / all)
  }
  const odds = compared.flat().reduce((product, one) => product * likelier(one, variance), 0.25)
  return Math.max(0.003, (variance * odds) / (1 + odds))
}

/** Sums in which each counts the less the more events it has, beside a strength. */
const drawn = (rows: readonly Counted[], mean: number, strength: number): Counted => {
  const shares = rows.map(({ n }) => strength / (strength + n * mean))
  return {
    k: rows.reduce((sum, { k }, row) => sum + (shares[row] ?? 0) * k, 0),
    n: rows.reduce((sum, { n }, row) => sum + (shares[row] ?? 0) * n, 0),
  }
}

function expectedLevel(texts: readonly OfOffer[]) {
  const offers = [...Map.groupBy(texts, ({ offer_id }) => offer_id).values()]
  const own = offers.map((rows) => {
    const mean = rows.reduce((sum, { k }) => sum + k, 0) / rows.reduce((sum, { n }) => sum + n, 0)
    return rows.map(({ k, n }) => ({ k, n: n * mean })).filter(({ n }) => n > 0)
  })
  const ofTexts = 1 / differences(own, within)
  let mean = texts.reduce((sum, { k }) => sum + k, 0) / texts.reduce((sum, { n }) => sum + n, 0)
  let ofOffers = 1 / between.dispersion
  for (let round = 0; round < 3; round += 1) {
    const sums = offers.map((rows) => drawn(rows, mean, ofTexts))
    const all = drawn(sums, mean, ofOffers)
    mean = all.k / all.n
    ofOffers = 1 / differences([sums.map(({ k, n }) => ({ k, n: n * mean }))], between)
  }
  return { ofTexts, ofOffers, mean }
}

describe('a level of a click’s value', () => {
  const of = (...rows: readonly (readonly [offer: number, k: number, n: number])[]) =>
    rows.map(([offer_id, k, n]) => ({ offer_id, k, n }))

  test.each<[string, ReturnType<typeof of>]>([
    ['offers of one text each', of([1, 30, 20], [2, 4, 11], [3, 9, 9], [4, 1, 6])],
    ['one offer, whose texts differ', of([1, 12, 9], [1, 3, 10], [1, 6, 7])],
    ['one offer, whose texts are alike', of([1, 10, 10], [1, 11, 10], [1, 9, 10])],
    [
      'offers and texts that differ',
      of([1, 40, 20], [1, 15, 20], [2, 30, 15], [2, 14, 15], [3, 2, 9], [3, 1, 7]),
    ],
    ['hardly any events of many', of([1, 5, 400], [1, 9, 300], [2, 2, 500], [2, 0, 90])],
    ['an offer without events', of([1, 12, 9], [1, 3, 10], [2, 0, 8], [2, 0, 9])],
  ])('is found by moments, as far as differences are likelier than chance: %s', (_, rows) => {
    const found = levelOf(rows, within, between)
    const expected = expectedLevel(rows)
    expect(found.ofTexts / expected.ofTexts).toBeCloseTo(1, 5)
    expect(found.mean / expected.mean).toBeCloseTo(1, 5)
    expect(found.ofOffers / expected.ofOffers).toBeCloseTo(1, 5)
  })

  test('has a mean of 1 before anything was seen, and one of nothing stays at 0', () => {
    expect(levelOf([], within, between).mean).toBe(1)
    expect(levelOf(of([1, 0, 0]), within, between).mean).toBe(1)
  })
})

describe('amounts', () => {
  test('have a usual one: the middle of all conversions, each by the mean of its send', () => {
    const sends = fc.array(
      fc.record({ conversions: fc.integer({ min: 1, max: 9 }), each: fc.nat({ max: 20 }) }),
    )
    fc.assert(
      fc.property(sends, fc.nat({ max: 20 }), (rows, all) => {
        const amounts = rows.map(({ conversions, each }) => ({
          ...{ conversions, revenue: conversions * each },
          squares: conversions * each ** 2,
        }))
        const single = [
          ...rows.flatMap(({ conversions, each }) =>
            Array.from({ length: each > 0 ? conversions : 0 }, () => each),
          ),
          ...(all > 0 ? [all, all, all] : []),
        ].toSorted((one, other) => one - other)
        expect(usualAmount(amounts, all)).toBe(single[Math.ceil(single.length / 2) - 1] ?? 0)
      }),
    )
  })

  test('count for so much at the most that one in twenty would be above it', () => {
    expect(mostOf(10, 0)).toBeCloseTo(18.27, 2)
    expect(mostOf(10, 290)).toBeCloseTo(100.07, 2)
  })
})

describe('what clicks bring', () => {
  const aSend = (variation_id: number, name: string, clickers: number, age = 90): ClickedSend => ({
    ...{ offer_id: variation_id > 2 ? 2 : 1, variation_id, newsletter_send_id: name, clickers, age },
  })
  const earned = (
    variation_id: number,
    newsletter_send_id: string,
    amounts: readonly number[],
    changes: Partial<SendEarnings> = {},
  ): SendEarnings => ({
    ...{ variation_id, newsletter_send_id, conversions: amounts.length, priced: amounts.length },
    ...{ pending: 0, pending_priced: 0, pending_revenue: 0, rejected: 0 },
    revenue: amounts.reduce((sum, one) => sum + one, 0),
    squares: amounts.reduce((sum, one) => sum + one ** 2, 0),
    ...changes,
  })
  const clicks = curveOf([])
  const valueWith = (sends: readonly ClickedSend[], brought: readonly SendEarnings[], kept = 1) => {
    const earnings: Earnings = { currency: 'EUR', sends: brought, delays: [] }
    return clickValueOf(sends, earnings, clicks, kept) ?? expect.fail('a value')
  }

  test('is added up by texts: each send by its clicks and its day, amounts by what they differ', () => {
    const sends = [
      aSend(1, 'a', 400),
      aSend(1, 'b', 700, 100),
      aSend(2, 'c', 300, 70),
      aSend(3, 'd', 900),
      aSend(3, 'e', 500),
      aSend(4, 'f', 250),
      aSend(1, 'nobody', 0),
    ]
    const brought = [
      earned(1, 'a', [10, 12, 8, 10, 11, 9]),
      earned(1, 'b', [10, 10, 13, 7, 10, 10, 12, 8, 10]),
      earned(2, 'c', [20, 22]),
      earned(3, 'd', [5, 6, 5, 4, 5, 5, 5, 6, 4, 5, 5, 5, 5]),
      earned(3, 'e', [5, 5, 6]),
    ]
    const kept = 0.99
    const value = valueWith(sends, brought, kept)
    expect([...value.texts.keys()]).toEqual([1, 2, 3, 4])
    const parts = sends
      .filter(({ clickers }) => clickers > 0)
      .map((send) => {
        const own = brought.find((one) => one.newsletter_send_id === send.newsletter_send_id)
        return { ...send, k: own?.conversions ?? 0, n: send.clickers, own }
      })
    const groups = [...Map.groupBy(parts, ({ variation_id }) => variation_id).values()]
    // A send is worth at most as many conversions as its day lets it be.
    const rate = 33 / 3_050
    const day = dispersionOf(groups).expected
    const sums = groups.map((own) => {
      const sum = (pick: (part: (typeof own)[number]) => number) =>
        own.reduce((total, part) => total + kept ** part.age * pick(part), 0)
      return {
        offer_id: own[0]?.offer_id ?? 0,
        variation_id: own[0]?.variation_id ?? 0,
        k: sum(({ k, n }) => k / (1 + n * rate * day)),
        n: sum(({ n }) => n / (1 + n * rate * day)),
        sales: sum(({ k }) => k),
        revenue: sum((part) => part.own?.revenue ?? 0),
        squares: sum((part) => part.own?.squares ?? 0),
      }
    })
    const total = (pick: (row: (typeof sums)[number]) => number) =>
      sums.reduce((sum, row) => sum + pick(row), 0)
    const amount = total(({ revenue }) => revenue) / total(({ sales }) => sales)
    // The variance of amounts around the mean of their text, beside a tenth that counts as four of them.
    const sold = sums.filter(({ sales }) => sales > 0)
    const noise =
      sold.reduce(
        (sum, { sales, revenue, squares }) => sum + (squares / sales / (revenue / sales) ** 2 - 1) * sales,
        0.4,
      ) / sold.reduce((sum, { sales }) => sum + Math.max(0, sales - 1), 4)
    expect(noise).toBeGreaterThan(0.01)
    const prices = sums.map(({ offer_id, sales, revenue }) => ({
      ...{ offer_id, k: revenue / amount / noise, n: sales / noise },
    }))
    const ofPrices = levelOf(
      prices,
      { dispersion: 0.01, sends: 4, least: 0.002, caution: 0 },
      { dispersion: 0.3, sends: 3, least: 0.02, caution: 0 },
    )
    const ofRates = levelOf(sums, within, between)
    expect(value.conversions).toBeCloseTo(ofRates.mean, 12)
    expect(value.amount).toBeCloseTo(amount * ofPrices.mean, 9)
    expect(value.levels).toEqual([
      {
        ...ofRates,
        ofTexts: expect.closeTo(ofRates.ofTexts, 6),
        ofOffers: expect.closeTo(ofRates.ofOffers, 6),
        mean: expect.closeTo(ofRates.mean, 9),
      },
      {
        ...ofPrices,
        ofTexts: expect.closeTo(ofPrices.ofTexts, 6),
        ofOffers: expect.closeTo(ofPrices.ofOffers, 6),
        mean: expect.closeTo(ofPrices.mean, 9),
      },
    ])
    for (const [place, { variation_id, k, n }] of sums.entries()) {
      const [ofClicks, ofAmounts] = value.texts.get(variation_id) ?? []
      expect(ofClicks?.k).toBeCloseTo(k, 9)
      expect(ofClicks?.n).toBeCloseTo(n * ofRates.mean, 9)
      expect(ofAmounts?.k).toBeCloseTo(prices[place]?.k ?? 0, 6)
      expect(ofAmounts?.n).toBeCloseTo((prices[place]?.n ?? 0) * ofPrices.mean, 6)
    }
  })

  test('takes amounts for hundredths apart at the least', () => {
    const alike = Array.from({ length: 60 }, () => 10)
    const [, ofAmounts] = valueWith([aSend(1, 'a', 900)], [earned(1, 'a', alike)]).texts.get(1) ?? []
    expect(ofAmounts?.k).toBeCloseTo(60 / 0.01, 6)
  })

  test('counts a young send by what of its clicks has come, and of their conversions is known', () => {
    const [old, young] = [aSend(1, 'old', 400), aSend(2, 'young', 300, 1)]
    const value = valueWith([old, young], [earned(1, 'old', [10, 10, 10]), earned(2, 'young', [10])])
    const rateOf = (id: number) => {
      const [clicked] = value.texts.get(id) ?? []
      return (clicked?.k ?? 0) / ((clicked?.n ?? 1) / value.conversions)
    }
    const known = shareKnown(1, delayCurveOf([])) / arrived(1, clicks).share
    expect(known).toBeLessThan(0.5)
    expect(rateOf(2)).toBeCloseTo(1 / (300 * known), 9)
    expect(rateOf(1)).toBeCloseTo(3 / 400, 9)
  })

  test('takes pending conversions for as many as the networks of their offer approve', () => {
    const sends = [aSend(1, 'a', 400), aSend(3, 'b', 400), aSend(1, 'old', 500), aSend(3, 'old', 500)]
    const waiting = { pending: 4, pending_priced: 4, pending_revenue: 40 }
    const value = valueWith(sends, [
      earned(1, 'a', [10, 10, 10, 10], waiting),
      earned(3, 'b', [10, 10, 10, 10], waiting),
      earned(1, 'old', [10, 10, 10, 10, 10, 10], { rejected: 0 }),
      earned(3, 'old', [10, 10, 10, 10, 10, 10], { rejected: 60 }),
    ])
    // Of all 9 + 12 of 10 + 72 are approved, of the second offer 10 of these and 6 of 66.
    const ofAll = 21 / 82
    const conversions = 6 + (4 * (10 * ofAll + 6)) / (10 + 66)
    const clicked = value.texts.get(3)?.[0]
    const plain = value.texts.get(1)?.[0]
    const first = 6 + (4 * (10 * ofAll + 6)) / (10 + 6)
    const rateOf = (one: typeof plain) => ((one?.k ?? 0) / (one?.n ?? 1)) * value.conversions
    expect(rateOf(clicked)).toBeGreaterThan(conversions / 900 / 1.1)
    expect(rateOf(clicked)).toBeLessThan((conversions / 900) * 1.1)
    expect(rateOf(plain)).toBeGreaterThan(first / 900 / 1.1)
    expect(rateOf(plain)).toBeLessThan((first / 900) * 1.1)
    expect(first / conversions).toBeGreaterThan(1.15)
  })

  test('cuts an amount by what is usual for its offer', () => {
    const cheap = Array.from({ length: 9 }, () => 2)
    const dear = Array.from({ length: 9 }, () => 100)
    const sends = [aSend(1, 'a', 400), aSend(2, 'b', 400), aSend(2, 'c', 400), aSend(3, 'd', 400)]
    const amountOf = (brought: readonly SendEarnings[], id: number) => {
      const value = valueWith(sends, brought)
      const [, price] = value.texts.get(id) ?? []
      return ((price?.k ?? 0) / (price?.n ?? 1)) * value.amount
    }
    const others = [earned(2, 'b', cheap), earned(2, 'c', cheap), earned(3, 'd', dear)]
    const usual = [earned(1, 'a', cheap), ...others]
    expect(amountOf(usual, 1)).toBeCloseTo(2, 6)
    expect(amountOf(usual, 3)).toBeCloseTo(100, 6)
    const windfall = [earned(1, 'a', [...cheap, 500]), ...others]
    expect(amountOf(windfall, 1)).toBeCloseTo((18 + mostOf(2, 28)) / 10, 6)
  })
})
