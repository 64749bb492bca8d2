import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ConversionDelay, Earnings, SendEarnings } from '../../src/lib/model/earnings.ts'
import { expectingApproval } from '../../src/lib/stats/approval.ts'
import { curveOf } from '../../src/lib/stats/arrival.ts'
import { delayCurveOf, delayMarks, shareKnown } from '../../src/lib/stats/conversion-delays.ts'
import { type Amounts, cutLargest, mostOf, usualAmount } from '../../src/lib/stats/heavy-amounts.ts'
import { levelOf, offerFactor, textFactor } from '../../src/lib/stats/levels.ts'
import { type ClickedSend, clickValueOf } from '../../src/lib/stats/value.ts'

const told = (changes: Partial<SendEarnings & { offer_id: number }> = {}) => {
  const one = {
    conversions: 0,
    pending: 0,
    rejected: 0,
    revenue: 0,
    pending_revenue: 0,
    squares: 0,
    ...changes,
  }
  return {
    ...{
      offer_id: 1,
      newsletter_send_id: 'a',
      variation_id: 1,
      priced: one.conversions,
      pending_priced: one.pending,
    },
    ...one,
    ...changes,
  }
}

describe('how long conversions take', () => {
  /** All conversions of `sends` sends of each age that are known by now, where `share` says which part is by a day. */
  const delaysOf = (
    share: (days: number) => number,
    ages: readonly number[],
    each = 1_000,
  ): ConversionDelay[] =>
    ages.flatMap((age) => {
      const past = delayMarks.filter((mark) => mark <= age).length
      const known = (days: number) => each * share(Math.min(days, age))
      return [0, ...delayMarks].map((mark, place) => ({
        ...{ known: place, past },
        conversions: known(delayMarks[place] ?? 1e9) - known(mark),
      }))
    })

  test('is a usual curve before anything is known, and certain after the last mark', () => {
    const curve = delayCurveOf([])
    expect(curve.at(-1)).toBe(1)
    expect(curve.every((share, mark) => share > (curve[mark - 1] ?? 0))).toBe(true)
    expect(shareKnown(0, curve)).toBe(0)
    expect(shareKnown(1.9, curve)).toBeGreaterThan(0.4)
    expect(shareKnown(60, curve)).toBe(1)
    expect(shareKnown(1_000, curve)).toBe(1)
  })

  test.each([3, 12])(
    'is also found if most sends are too young to have all, with a mean of %d days',
    (mean) => {
      const share = (days: number) => (1 - Math.exp(-days / mean)) / (1 - Math.exp(-60 / mean))
      const ages = Array.from({ length: 70 }, (_, index) => index + 1)
      const growing = ages.flatMap((age) => Array.from({ length: Math.ceil(70 / age) }, () => age))
      for (const sends of [ages, growing]) {
        const curve = delayCurveOf(delaysOf(share, sends))
        for (const mark of delayMarks) expect(shareKnown(mark, curve)).toBeCloseTo(share(mark), 1.7)
        const naive = sends.filter((age) => age < 20)
        expect(delayCurveOf(delaysOf(share, naive))[2]).toBeLessThan(1)
      }
    },
  )

  test('never falls, whatever is counted', () => {
    const anyDelay = fc.record({
      known: fc.integer({ min: 0, max: 11 }),
      past: fc.integer({ min: 0, max: 11 }),
      conversions: fc.integer({ min: 1, max: 1_000 }),
    })
    fc.assert(
      fc.property(fc.array(anyDelay), fc.double({ min: 0, max: 90, noNaN: true }), (delays, age) => {
        const curve = delayCurveOf(delays)
        const share = shareKnown(age, curve)
        expect(share).toBeGreaterThanOrEqual(0)
        expect(share).toBeLessThanOrEqual(1)
        expect(shareKnown(age + 1, curve)).toBeGreaterThanOrEqual(share)
      }),
    )
  })
})

describe('the expected part of pending conversions', () => {
  test('follows the share that their network has approved, together with all others', () => {
    const sends = [
      told({ conversions: 90, rejected: 10 }),
      told({ offer_id: 2, conversions: 100, rejected: 300 }),
    ]
    const expected = expectingApproval([...sends, told({ offer_id: 3 })])
    const pending = { conversions: 10, pending: 10, revenue: 100, pending_revenue: 100, squares: 1_000 }
    const of = (offer_id: number) => expected(told({ offer_id, ...pending }))
    expect(of(1).conversions).toBeCloseTo(8.7, 0)
    expect(of(2).conversions).toBeCloseTo(2.6, 0)
    expect(of(1).conversions).toBeGreaterThan(of(3).conversions)
    expect(of(3).conversions).toBeGreaterThan(of(2).conversions)
    for (const offer of [1, 2, 3]) {
      const { conversions, amounts } = of(offer)
      expect(amounts.revenue).toBeCloseTo(10 * conversions, 9)
      expect(amounts.conversions).toBeCloseTo(conversions, 9)
      expect(amounts.squares).toBeCloseTo(100 * conversions, 9)
    }
  })

  test('is nine in ten before anything was decided, and approved ones count in full', () => {
    const expected = expectingApproval([])
    expect(expected(told({ conversions: 10, pending: 10 })).conversions).toBeCloseTo(9, 9)
    expect(expected(told({ conversions: 3, revenue: 6, squares: 12 }))).toEqual({
      conversions: 3,
      amounts: { conversions: 3, revenue: 6, squares: 12 },
    })
    expect(expected(told({ conversions: 3, priced: 0, pending_priced: 0 }))).toEqual({
      conversions: 3,
      amounts: { conversions: 0, revenue: 0, squares: 0 },
    })
  })
})

const amountsOf = (all: readonly number[]): Amounts => ({
  conversions: all.length,
  revenue: all.reduce((sum, one) => sum + one, 0),
  squares: all.reduce((sum, one) => sum + one ** 2, 0),
})

describe('amounts without a limit', () => {
  test('are cut exactly if one is large and the others are alike', () => {
    const cut = cutLargest(amountsOf([10, 10, 10, 10_000]), 50)
    expect(cut.revenue).toBeCloseTo(80, 6)
    expect(cut.squares).toBeCloseTo(2_800, 4)
    expect(cutLargest(amountsOf([10, 10, 10, 40]), 50)).toEqual(amountsOf([10, 10, 10, 40]))
    expect(cutLargest(amountsOf([10_000]), 50)).toEqual(amountsOf([50]))
    expect(cutLargest(amountsOf([]), 50)).toEqual(amountsOf([]))
  })

  test('never count for more than before, nor for less than zero', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { maxLength: 20 }),
        fc.double({ min: 0.01, max: 1e6, noNaN: true }),
        (all, most) => {
          const before = amountsOf(all)
          const after = cutLargest(before, most)
          expect(after.revenue).toBeLessThanOrEqual(before.revenue * (1 + 1e-9))
          expect(after.revenue).toBeGreaterThanOrEqual(-1e-6 * before.revenue)
          expect(after.revenue).toBeGreaterThanOrEqual(Math.min(before.revenue, most) * (1 - 1e-6) - 1e-6)
        },
      ),
    )
  })

  test('have a usual one in the middle, which a few large ones do not change', () => {
    expect(usualAmount([amountsOf([10]), amountsOf([12, 12]), amountsOf([9_000])])).toBe(12)
    expect(usualAmount([amountsOf([9_000])], 10)).toBe(10)
    expect(
      usualAmount(
        Array.from({ length: 5 }, () => amountsOf([9_000])),
        10,
      ),
    ).toBe(9_000)
    expect(usualAmount([amountsOf([]), amountsOf([0])])).toBe(0)
  })

  test('may count for more the more there are', () => {
    expect(mostOf(10, 1_000)).toBeGreaterThan(3 * mostOf(10, 50))
    expect(mostOf(10, 0)).toBeGreaterThan(15)
  })
})

const prior = { dispersion: 0.2, sends: 3, least: 0.01, caution: 0 }

describe('a level of texts or offers', () => {
  const texts = (rates: readonly (readonly number[])[], n: number) =>
    rates.flatMap((own, offer_id) => own.map((rate) => ({ offer_id, k: n * rate, n })))

  test('shows equal rates as alike, and different ones as different', () => {
    const same = levelOf(
      texts(
        [
          [1, 1, 1],
          [1, 1, 1],
          [1, 1, 1],
        ],
        5_000,
      ),
      prior,
      prior,
    )
    const unlike = levelOf(
      texts(
        [
          [1, 3, 2],
          [0.2, 0.5, 0.1],
          [5, 2, 9],
        ],
        5_000,
      ),
      prior,
      prior,
    )
    expect(same.ofOffers).toBeGreaterThan(2 * unlike.ofOffers)
    expect(same.ofTexts).toBeGreaterThan(2 * unlike.ofTexts)
    expect(same.mean).toBeCloseTo(1, 6)
  })

  test('draws a text towards its offer, and an offer towards all, the less data it has', () => {
    const level = { ofTexts: 10, ofOffers: 5 }
    const meanOf = ({ shape, rate }: { shape: number; rate: number }) => shape / rate
    expect(meanOf(offerFactor([], level))).toBe(1)
    expect(meanOf(offerFactor([{ k: 30, n: 10 }], level))).toBeGreaterThan(1.5)
    expect(meanOf(offerFactor([{ k: 30, n: 10 }], level))).toBeLessThan(3)
    expect(meanOf(textFactor({ k: 0, n: 0 }, 10, 2))).toBe(2)
    expect(meanOf(textFactor({ k: 4_000, n: 1_000 }, 10, 2))).toBeCloseTo(4, 1)
  })

  test('has no effect without data', () => {
    expect(levelOf([], prior, prior).mean).toBe(1)
    expect(levelOf([{ offer_id: 1, k: 0, n: 0 }], prior, prior)).toMatchObject({ mean: 1 })
  })
})

describe('the value of a click', () => {
  const send = (changes: Partial<ClickedSend> = {}): ClickedSend => ({
    ...{ offer_id: 1, variation_id: 1, newsletter_send_id: 'a', clickers: 1_000, age: 90, ...changes },
  })
  const valueWith = (
    sends: readonly ClickedSend[],
    earned: readonly SendEarnings[],
    delays: ConversionDelay[] = [],
  ) => {
    const earnings: Earnings = { currency: 'EUR', sends: earned, delays }
    return clickValueOf(sends, earnings, curveOf([]), 1)
  }
  const earned = (
    name: string,
    variation_id: number,
    conversions: number,
    each: number,
    changes: Partial<SendEarnings> = {},
  ) =>
    told({
      ...{ newsletter_send_id: name, variation_id, conversions, revenue: conversions * each },
      ...{ squares: conversions * each ** 2, ...changes },
    })
  /** The value of a click of a text, on its own evidence drawn towards its offer. */
  const valueOfText = (
    value: ReturnType<typeof valueWith>,
    variation_id: number,
    texts: readonly number[] = [variation_id],
  ) => {
    if (!value) return expect.fail('no value')
    return value.levels.reduce((product, level, place) => {
      const evidence = (id: number) => value.texts.get(id)?.[place] ?? { k: 0, n: 0 }
      const offer = offerFactor(texts.map(evidence), level)
      const text = textFactor(evidence(variation_id), level.ofTexts, offer.shape / offer.rate)
      return (product * text.shape) / text.rate
    }, value.conversions * value.amount)
  }

  test('is unknown without a conversion that earned something', () => {
    expect(valueWith([send()], [])).toBeUndefined()
    expect(valueWith([send()], [earned('a', 1, 5, 0)])).toBeUndefined()
    expect(valueWith([send()], [earned('of no send', 1, 5, 10)])).toBeUndefined()
    expect(valueWith([send({ age: 0.1 })], [earned('a', 1, 5, 10)])).toBeUndefined()
    expect(valueWith([send({ clickers: 0 })], [])).toBeUndefined()
  })

  test('is near the true value with much data', () => {
    const sends = Array.from({ length: 40 }, (_, index) => send({ newsletter_send_id: `${index}` }))
    const value = valueWith(
      sends,
      sends.map((one) => earned(one.newsletter_send_id, 1, 20, 10)),
    )
    expect(value?.conversions).toBeCloseTo(0.02, 3)
    expect(value?.amount).toBeCloseTo(10, 3)
    expect(valueOfText(value, 1)).toBeCloseTo(0.2, 2)
  })

  test('is the same for old and young sends, also while conversions are on their way', () => {
    const share = (days: number) => 1 - Math.exp(-days / 10)
    const ages = [
      ...Array.from({ length: 60 }, (_, index) => index + 2),
      ...Array.from({ length: 40 }, () => 100),
    ]
    const sends = ages.map((age, index) =>
      send({ newsletter_send_id: `${index}`, age, variation_id: age < 12 ? 2 : 1 }),
    )
    const brought = sends.map(({ newsletter_send_id, variation_id, age }) => {
      const conversions = 20 * share(age)
      return earned(newsletter_send_id, variation_id, conversions, 10, {
        ...{ pending: age < 40 ? conversions : 0, pending_priced: age < 40 ? conversions : 0 },
        ...{ pending_revenue: age < 40 ? 10 * conversions : 0, rejected: age < 40 ? 0 : 2 },
      })
    })
    const delays = ages.flatMap((age) =>
      [0, ...delayMarks].map((mark, known) => ({
        ...{ known, past: delayMarks.filter((one) => one <= age).length },
        conversions: 20 * (share(Math.min(age, delayMarks[known] ?? 1e9)) - share(Math.min(age, mark))),
      })),
    )
    const value = valueWith(sends, brought, delays)
    const [young, old] = [valueOfText(value, 2, [1, 2]), valueOfText(value, 1, [1, 2])]
    expect(young / old).toBeGreaterThan(0.85)
    expect(young / old).toBeLessThan(1.15)
  })

  test('is not estimated from sends with hardly any data', () => {
    const sends = [send({ newsletter_send_id: 'old' }), send({ age: 0.2, variation_id: 2 })]
    const value = valueWith(sends, [earned('old', 1, 20, 10)])
    expect(value?.texts.has(1)).toBe(true)
    expect(value?.texts.has(2)).toBe(false)
  })

  test('is not changed for good by one sale of a thousand times as much', () => {
    const sends = Array.from({ length: 60 }, (_, index) =>
      send({ newsletter_send_id: `${index}`, variation_id: 1 + (index % 2), offer_id: 1 + (index % 2) }),
    )
    const usual = sends.map(({ newsletter_send_id, variation_id }) =>
      earned(newsletter_send_id, variation_id, 20, 10),
    )
    const [first = expect.fail('no send'), ...rest] = usual
    const windfall = { ...first, conversions: 21, priced: 21, revenue: 10_200, squares: 2_000 + 10_000 ** 2 }
    const ratio = (all: readonly SendEarnings[]) => {
      const value = valueWith(sends, all)
      return valueOfText(value, 1) / valueOfText(value, 2)
    }
    expect(ratio(usual)).toBeCloseTo(1, 2)
    expect(ratio([windfall, ...rest])).toBeLessThan(1.15)
    expect((10_000 + 600 * 10) / (600 * 10)).toBeGreaterThan(2.6)
  })

  test('of conversions in other currencies is the usual one, and never zero', () => {
    const sends = Array.from({ length: 40 }, (_, index) =>
      send({ newsletter_send_id: `${index}`, variation_id: 1 + (index % 2), offer_id: 1 + (index % 2) }),
    )
    const all = sends.map(({ newsletter_send_id, variation_id }) =>
      earned(
        newsletter_send_id,
        variation_id,
        20,
        10,
        variation_id === 2 ? { priced: 0, revenue: 0, squares: 0 } : {},
      ),
    )
    const value = valueWith(sends, all)
    expect(valueOfText(value, 2) / valueOfText(value, 1)).toBeCloseTo(1, 1)
  })

  test('is drawn from text to offer to all if conversions are few', () => {
    const sends = [1, 2, 3].map((id) => send({ newsletter_send_id: `${id}`, variation_id: id, offer_id: id }))
    const value = valueWith(sends, [earned('1', 1, 1, 10)])
    const [first, second] = [valueOfText(value, 1), valueOfText(value, 2)]
    expect(first).toBeGreaterThan(second)
    expect(first / second).toBeLessThan(1.6)
  })

  test('is a number above zero, whatever was reported', () => {
    const anySend = fc.record({
      offer_id: fc.integer({ min: 1, max: 3 }),
      variation_id: fc.integer({ min: 1, max: 6 }),
      clickers: fc.integer({ min: 0, max: 5_000 }),
      age: fc.double({ min: 0, max: 400, noNaN: true }),
      conversions: fc.integer({ min: 0, max: 50 }),
      rejected: fc.integer({ min: 0, max: 20 }),
      pending: fc.double({ min: 0, max: 1, noNaN: true }),
      priced: fc.double({ min: 0, max: 1, noNaN: true }),
      amounts: fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 1e5, noNaN: true })),
    })
    fc.assert(
      fc.property(fc.array(anySend, { maxLength: 20 }), (rows) => {
        const sends = rows.map((row, index) => ({
          ...send({ ...row, offer_id: 1 + (row.variation_id % 3), newsletter_send_id: `${index}` }),
        }))
        const all = rows.map((row, index) => {
          const pending = Math.floor(row.pending * row.conversions)
          const priced = Math.floor(row.priced * row.conversions)
          const revenue = priced * row.amounts
          return told({
            ...{ newsletter_send_id: `${index}`, variation_id: row.variation_id, rejected: row.rejected },
            ...{ conversions: row.conversions, pending, priced, pending_priced: Math.min(pending, priced) },
            ...{
              revenue,
              pending_revenue: Math.min(pending, priced) * row.amounts,
              squares: revenue * row.amounts * 1.5,
            },
          })
        })
        const value = valueWith(sends, all)
        if (!value) return
        for (const { variation_id } of sends) {
          const one = valueOfText(value, variation_id)
          expect(Number.isFinite(one)).toBe(true)
          expect(one).toBeGreaterThan(0)
        }
      }),
    )
  })
})
