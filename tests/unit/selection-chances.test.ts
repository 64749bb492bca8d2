import { describe, expect, test } from 'vitest'
import type { Random } from '../../src/lib/base/random.ts'
import { appraise } from '../../src/lib/selection/appraise.ts'
import type { Arm, Worth } from '../../src/lib/selection/arm.ts'
import { packArms, questionOf } from '../../src/lib/selection/basis.ts'
import { believedOf, gainOf } from '../../src/lib/selection/believed.ts'
import { choose } from '../../src/lib/selection/choose.ts'
import { chooseSegments } from '../../src/lib/selection/choose-segments.ts'
import { drawGamma, drawNormal, drawsOf, seeded } from '../../src/lib/selection/draws.ts'
import { shareNow } from '../../src/lib/selection/share-now.ts'
import { chanceOf, fieldOf, sharesOf } from '../../src/lib/selection/thompson.ts'
import { type Situation, weigh } from '../../src/lib/selection/weigh.ts'
import { curveOf } from '../../src/lib/stats/arrival.ts'
import { chancesOf } from '../../src/lib/stats/best.ts'
import { beliefOf } from '../../src/lib/stats/posterior.ts'
import { gammaQuantile } from '../../src/lib/stats/revenue.ts'
import { clickValueOf } from '../../src/lib/stats/value.ts'
import { byMarks } from '../bench/newsletter-world.ts'

const arm = (
  offer_id: number,
  variation_id: number,
  k: number,
  n: number,
  changes: Partial<Arm> = {},
): Arm => ({
  ...{ offer_id, variation_id, weight: 1, recipients: 0, human_clicks: 0, k, n, held: null },
  ...changes,
})

/** Offers whose mean is known for certain, so that only rates of their texts are in doubt. */
const certainly = (arms: readonly Arm[], mean: number) =>
  [...Map.groupBy(arms, ({ offer_id }) => offer_id)].map(([offer_id, members]) => ({
    ...{ offer_id, members, shape: 1e12, rate: 1e12 / mean, levels: [] },
  }))

describe('the probability of a choice', () => {
  test('is that of the beliefs where offers’ means are known', () => {
    const arms = [arm(1, 1, 30, 1_000), arm(1, 2, 22, 1_000), arm(2, 3, 26, 900), arm(3, 4, 2, 200)]
    const field = certainly(arms, 0.02)
    const exact = chancesOf(arms.map((one) => beliefOf(one, 0.02)))
    for (const [place, one] of arms.entries()) {
      const estimates = [1, 2, 3, 4].map((seed) => chanceOf(field, one, seed))
      const mean = estimates.reduce((sum, estimate) => sum + estimate, 0) / 4
      expect(Math.abs(mean - (exact[place]?.best ?? 0))).toBeLessThan(0.03)
    }
  })

  test('takes a mean that is not known by all that it may be, for all texts of its offer at once', () => {
    // Of two texts that were never sent, one in an offer of which much is known.
    const [known, unknown] = [arm(1, 1, 0, 0), arm(2, 2, 0, 0)]
    const field = [
      { offer_id: 1, members: [known], shape: 1e12, rate: 1e12 / 0.02, levels: [] },
      { offer_id: 2, members: [unknown], shape: 2, rate: 100, levels: [] },
    ]
    const sure = beliefOf(known, 0.02)
    let exact = 0
    const steps = 200
    for (let step = 0; step < steps; step += 1) {
      const mean = gammaQuantile((step + 0.5) / steps, 2) / 100
      const [, second] = chancesOf([sure, beliefOf(unknown, mean)])
      exact += (second?.best ?? 0) / steps
    }
    const estimates = Array.from({ length: 12 }, (_, seed) => chanceOf(field, unknown, seed))
    expect(Math.abs(estimates.reduce((sum, one) => sum + one, 0) / 12 - exact)).toBeLessThan(0.03)
    const siblings = certainly(
      [known, unknown].map((one) => ({ ...one, offer_id: 1 })),
      0.02,
    )
    const [, second = expect.fail('a text')] = siblings[0]?.members ?? []
    expect(Math.abs(chanceOf(siblings, second, 3) - 0.5)).toBeLessThan(0.05)
  })

  test('is 1 for a single text, and less for one of two', () => {
    const [one, other] = [arm(1, 1, 900, 1_000), arm(2, 2, 0, 9_000)]
    expect(chanceOf(certainly([one], 0.02), one, 5)).toBe(1)
    expect(chanceOf(certainly([one, other], 0.02), other, 5)).toBeLessThan(1e-6)
    expect(chanceOf(certainly([one, other], 0.02), one, 5)).toBeCloseTo(1, 6)
  })

  test('is estimated from two draws at least, among thousands, and the same each time', () => {
    const arms = Array.from({ length: 9_000 }, (_, id) => arm(1 + (id % 300), id, 0, 0))
    const [first = expect.fail('an arm')] = arms
    const field = certainly(arms, 0.02)
    const chance = chanceOf(field, first, 7)
    expect(chance).toBeGreaterThan(0)
    expect(chance).toBeLessThan(0.05)
    expect(chanceOf(field, first, 7)).toBe(chance)
  })

  test('counts the sends that are drawn by base weight', () => {
    const arms = [arm(1, 1, 30, 900, { weight: 3 }), arm(1, 2, 20, 900, { weight: 3 }), arm(2, 3, 26, 900)]
    for (const seed of [1, 2, 3, 4, 5]) {
      const choice =
        choose({ arms, strategy: 'thompson', seed, taken: [], floor: 0.3 }) ?? expect.fail('a choice')
      const byWeight = choice.arm.offer_id === 1 ? 3 / 8 : 1 / 4
      expect(choice.probability()).toBeCloseTo(
        0.3 * byWeight + 0.7 * chanceOf(fieldOf(arms, arms), choice.arm, ~seed),
        12,
      )
    }
  })

  test('is that of the weights under the others', () => {
    const arms = [arm(1, 1, 0, 0, { weight: 3 }), arm(1, 2, 0, 0, { weight: 3 }), arm(2, 3, 0, 0)]
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const choice =
        choose({ arms, strategy: 'weighted', seed, taken: [], floor: 0.3 }) ?? expect.fail('a choice')
      expect(choice.floor).toBe(false)
      expect(choice.probability()).toBeCloseTo(choice.arm.offer_id === 1 ? 3 / 8 : 1 / 4, 12)
    }
  })

  test('is none among nothing, by weight or not', () => {
    for (const floor of [0, 1])
      expect(choose({ arms: [], strategy: 'thompson', seed: 1, taken: [], floor })).toBeUndefined()
  })
})

const worth: Worth = {
  ...{ currency: 'EUR', click: 0.2 },
  levels: [
    { ofTexts: 10, ofOffers: 5 },
    { ofTexts: 100, ofOffers: 4 },
  ],
}

describe('the value of clicks', () => {
  const texts = [
    arm(1, 1, 300, 10_000, {
      earned: [
        { k: 30, n: 60 },
        { k: 50, n: 40 },
      ],
    }),
    arm(1, 2, 200, 10_000, {
      earned: [
        { k: 60, n: 60 },
        { k: 30, n: 50 },
      ],
    }),
    arm(2, 3, 250, 10_000),
  ]

  test('is the mean of all times what texts and their offers are on each level', () => {
    const [first, second] = fieldOf(texts, texts, worth)
    const factor = (level: number, strength: number, ofOffers: number, id: number) => {
      const own = texts
        .filter(({ offer_id, earned }) => offer_id === 1 && earned)
        .map((text) => text.earned?.[level] ?? { k: 0, n: 0 })
      const shares = own.map(({ n }) => strength / (strength + n))
      const offer =
        (ofOffers + own.reduce((sum, { k }, place) => sum + (shares[place] ?? 0) * k, 0)) /
        (ofOffers + own.reduce((sum, { n }, place) => sum + (shares[place] ?? 0) * n, 0))
      const { k, n } = own[id] ?? { k: 0, n: 0 }
      return (strength + k) / (strength / offer + n)
    }
    for (const [id, text] of texts.slice(0, 2).entries()) {
      if (!first) expect.fail('an offer')
      const believed = believedOf(text, first, worth)
      expect(believed.click).toBeCloseTo(0.2 * factor(0, 10, 5, id) * factor(1, 100, 4, id), 9)
      const { a, b } = beliefOf(text, first.shape / first.rate)
      expect(believed.rate).toBeCloseTo(a / (a + b), 12)
      expect(gainOf(believed)).toBeCloseTo(believed.rate * believed.click, 12)
    }
    const [, , third = expect.fail('a text')] = texts
    if (!second) expect.fail('an offer')
    expect(believedOf(third, second, worth).click).toBeCloseTo(0.2, 12)
    expect(believedOf(third, second, undefined).click).toBeCloseTo(1, 12)
  })

  test('decides as often as a plain drawing of all factors finds', () => {
    const random = seeded(99)
    const wins = [0, 0, 0]
    const field = fieldOf(texts, texts, worth)
    const draws = 4_000
    for (let draw = 0; draw < draws; draw += 1) {
      const gains = field.flatMap((offer) => {
        const mean = drawGamma(offer.shape, random) / offer.rate
        const factors = offer.levels.map(({ shape, rate }) => drawGamma(shape, random) / rate)
        return offer.members.map((text) => {
          const { a, b } = beliefOf(text, mean)
          const x = drawGamma(a, random)
          return worth.levels.reduce(
            (gain, { ofTexts }, level) => {
              const { k, n } = text.earned?.[level] ?? { k: 0, n: 0 }
              return (gain * drawGamma(ofTexts + k, random)) / (ofTexts / (factors[level] ?? 1) + n)
            },
            x / (x + drawGamma(b, random)),
          )
        })
      })
      const best = gains.indexOf(Math.max(...gains))
      wins[best] = (wins[best] ?? 0) + 1 / draws
    }
    const shares = sharesOf(field, 5, draws)
    for (const [place, text] of texts.entries()) {
      expect(Math.abs((shares.get(text) ?? 0) - (wins[place] ?? 0))).toBeLessThan(0.04)
      const told = [1, 2, 3, 4, 5].reduce((sum, seed) => sum + chanceOf(field, text, seed) / 5, 0)
      expect(Math.abs(told - (wins[place] ?? 0))).toBeLessThan(0.04)
    }
  })
})

test('draws of a gamma variable lie as its quantiles say', () => {
  const count = 4_000
  const below = (drawn: readonly number[], end: number) => drawn.filter((one) => one < end).length / count
  for (const shape of [0.4, 1, 3.5, 60]) {
    const random = seeded(3)
    const drawn = Array.from({ length: count }, () => drawGamma(shape, random))
    for (const p of [0.05, 0.25, 0.5, 0.75, 0.95])
      expect(Math.abs(below(drawn, gammaQuantile(p, shape)) - p)).toBeLessThan(0.025)
  }
  const random = seeded(4)
  const normal = Array.from({ length: count }, () => drawNormal(random))
  for (const [end, p] of [
    [-1.2816, 0.1],
    [0, 0.5],
    [1.6449, 0.95],
  ] as const)
    expect(Math.abs(below(normal, end) - p)).toBeLessThan(0.025)
})

test('draws of a gamma variable are those of its source, whose shortcut only saves logarithms', () => {
  const slowly = (shape: number, random: Random): number => {
    const [d, c] = [shape - 1 / 3, 1 / Math.sqrt(9 * shape - 3)]
    for (;;) {
      const x = drawNormal(random)
      const v = (1 + c * x) ** 3
      if (v > 0 && Math.log(random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
    }
  }
  for (const shape of [1, 2, 30]) {
    const [random, same] = [seeded(7), seeded(7)]
    for (let draw = 0; draw < 4_000; draw += 1)
      expect(drawGamma(shape, random)).toBeCloseTo(slowly(shape, same), 9)
  }
  expect(() => drawGamma(Number.NaN, seeded(7))).toThrow('has a shape above 0, not NaN')
})

test('the more variations there are, the fewer times their rates are drawn', () => {
  const draws = [0, 1, 133, 134, 1_000, 1_000_000].map((variations) =>
    drawsOf({ effort: 8_000, least: 2, most: 60 }, variations),
  )
  expect(draws).toEqual([60, 60, 60, 59, 8, 2])
})

describe('what a strategy sees of sends', () => {
  const day = 86_400_000
  const past = (name: string, variation_id: number, changes: object = {}) => ({
    ...{ newsletter_send_id: name, newsletter: '', offer_id: 1, variation_id, recipients: 9_000 },
    ...{ sent_at: 0, clickers: 180, clickers_by: byMarks(120, 160, 180) },
    ...changes,
  })
  const candidate = (variation_id: number, offer_id = 1) => ({
    ...{ offer_id, variation_id, weight: 1, link_slug: 'a', recipients: 0, human_clicks: 0 },
  })
  const rules = { offerGap: 0, offerSends: 14, window: 14, variationGap: 1, floor: 0 }
  const seen = (changes: Partial<Situation>) =>
    weigh(
      { candidates: [candidate(1)], sends: [past('a', 1)], now: 20 * day, newsletter: '', ...changes },
      'thompson',
      1,
      rules,
    )

  test('is rounded as it is stored, to four decimals', () => {
    const [first] = seen({})
    expect(first?.k).toBeGreaterThan(1)
    expect(first?.k).toBeLessThan(1 / 0.09)
    expect(first?.k).toBe(Number(first?.k.toFixed(4)))
    expect(first?.n).toBe(Number(first?.n.toFixed(4)))
  })

  test('goes by the time since each send', () => {
    const later = seen({ now: 25 * day, sends: [past('a', 1, { sent_at: 5 * day })] })
    expect(later[0]?.k).toBe(seen({})[0]?.k)
    expect(seen({ now: 60 * day })[0]?.k).toBeLessThan(seen({})[0]?.k ?? 0)
  })

  test('leaves out crowds and bursts with weak signs', () => {
    const of = (changes: object) => {
      const sends = ['a', 'b', 'c', 'd'].map((name) => past(name, 1, name === 'd' ? changes : {}))
      return seen({ sends })[0]?.k ?? 0
    }
    const crowd = { addresses: 9, visits: 30, largest: 4, other_clicks: 90, clickers: 90 }
    expect(of({ crowd: { ...crowd, clickers_by: byMarks(60, 80, 90) } })).toBeLessThan(0.99 * of({}))
    expect(of({ signs: { uncertain: 170, doubtful: 0 } })).toBeLessThan(0.99 * of({}))
  })

  test('has each text once that was sent and cannot be chosen any more', () => {
    const arms = seen({ sends: [past('a', 1), past('b', 7), past('c', 7), past('d', 8)] })
    expect(arms.map(({ variation_id, weight }) => [variation_id, weight])).toEqual([
      [1, 1],
      [7, 0],
      [8, 0],
    ])
  })

  test('holds back what readers of this list have just seen, not those of another', () => {
    const sends = [past('a', 1, { newsletter: 'daily' })]
    expect(seen({ sends, newsletter: 'daily' })[0]?.held).toBe('variation_gap')
    expect(seen({ sends, newsletter: 'weekly' })[0]?.held).toBeNull()
  })
})

test('what is kept of a decision is what it was made of, text by text', () => {
  const plain = { recipients: 0, human_clicks: 0 }
  const arms = [
    arm(1, 3, 0, 0),
    arm(1, 4, 2.5, 90, plain),
    arm(1, 5, 0, 0),
    arm(2, 1, 0, 0, {
      earned: [
        { k: 1, n: 2 },
        { k: 3, n: 4 },
      ],
    }),
    arm(2, 9, 1, 9, { weight: 0 }),
  ]
  const kept = { by_weight: false, floor: 0.1, taken: [] }
  expect(questionOf('thompson', 7, { ...kept, ...packArms(arms) }).arms).toEqual(arms)
  expect(questionOf('thompson', 7, { ...kept, ...packArms(arms.slice(1, 2)) }).arms).toEqual(arms.slice(1, 2))
  expect(questionOf('thompson', 7, { ...kept, ...packArms([]) }).arms).toEqual([])
})

describe('the share of a text now', () => {
  const day = 86_400_000
  const rules = { offerGap: 0, offerSends: 14, window: 14, variationGap: 0, floor: 0.1 }
  const past = (name: string, variation_id: number, recipients = 9_000) => ({
    ...{ newsletter_send_id: name, newsletter: '', offer_id: variation_id, variation_id, recipients },
    ...{ sent_at: 0, clickers: Math.min(180, recipients / 50) },
    clickers_by: byMarks(120, 160, 180).map((by) => (by * Math.min(9_000, recipients)) / 9_000),
  })
  const candidates = [1, 2].map((variation_id) => ({
    ...{ offer_id: variation_id, variation_id, weight: 1, link_slug: 'a', recipients: 0, human_clicks: 0 },
  }))

  test('says what a click and a thousand recipients are expected to bring, if revenue decides', () => {
    const sends = [past('a', 1), past('b', 2), past('c', 1), past('d', 2)]
    const earnings = {
      ...{ currency: 'EUR', delays: [] },
      sends: sends.map(({ newsletter_send_id, variation_id }) => ({
        ...{ newsletter_send_id, variation_id, conversions: 20, priced: 20, pending: 0, pending_priced: 0 },
        ...{ rejected: 0, pending_revenue: 0, revenue: 20 * 27, squares: 20 * 729 },
      })),
    }
    const situation = { candidates, sends, now: 90 * day, newsletter: '', earnings }
    const { shares, revenue } = shareNow(situation, 'thompson', rules)
    expect(revenue).toEqual({ currency: 'EUR' })
    // Of 180 clicks 20 brought 27 each: 3 for a click, and 60 for a thousand recipients, of whom 2 % click.
    for (const { why } of shares) {
      expect(why).toMatch(
        /; a click is expected to bring .*(2\.9|3\.0)\d.* \(evidence: \d+\.\d conversions\), so a /,
      )
      expect(why).toMatch(/, so a thousand recipients .*(58|59|60|61|62)\./)
    }
    const nothing = shareNow({ ...situation, earnings: { ...earnings, sends: [] } }, 'thompson', rules)
    expect(nothing.revenue).toEqual({ currency: undefined })
    expect(nothing.shares[0]?.why).not.toContain('bring')
    expect(shareNow({ ...situation, earnings: undefined }, 'thompson', rules)).not.toHaveProperty('revenue')
  })

  test('goes by the size in the middle of the last fourteen sends', () => {
    const sizes = [...Array(20).fill(3), ...Array(7).fill(6), ...Array(7).fill(4)]
    const sends = sizes.map((recipients: number, place) => ({
      ...past(`${place}`, 1, recipients),
      clickers: 0,
    }))
    expect(shareNow({ candidates, sends, now: 90 * day, newsletter: '' }, 'thompson', rules).caution).toMatch(
      /about 6 recipients/,
    )
  })
})

describe('segments of a send', () => {
  const arms = [arm(1, 1, 30, 900), arm(1, 2, 20, 900), arm(2, 3, 26, 900), arm(3, 4, 0, 0, { weight: 0 })]
  const numbers =
    (...values: number[]) =>
    () =>
      values.shift() ?? 0.5
  const asked = { arms, strategy: 'thompson' as const, floor: 0.2 }

  test('get different texts until there are none, each with all that it was made of', () => {
    const fresh = chooseSegments({ ...asked, random: numbers(0.25, 0.5, 0.75, 0.125) }, 4, [])
    expect(fresh.map(({ segment }) => segment)).toEqual([1, 2, 3])
    expect(new Set(fresh.map(({ variation_id }) => variation_id))).toEqual(new Set([1, 2, 3]))
    expect(fresh.map(({ seed }) => seed)).toEqual([2 ** 30, 2 ** 31, 3 * 2 ** 30])
    for (const [
      place,
      { seed, basis, variation_id, offer_id, probability, goal, strategy },
    ] of fresh.entries()) {
      const taken = fresh.slice(0, place).map((one) => one.variation_id)
      const choice = choose({ ...asked, seed, taken })
      expect(choice?.arm).toMatchObject({ variation_id, offer_id })
      expect([probability, goal, strategy]).toEqual([choice?.probability(), null, 'thompson'])
      expect(basis).toEqual({ by_weight: choice?.floor, floor: 0.2, taken, ...packArms(arms) })
    }
  })

  test('leave standing decisions alone, and what those have to them', () => {
    const fresh = chooseSegments({ ...asked, random: numbers(0.3) }, 3, [
      { segment: 1, variation_id: 3 },
      { segment: 3, variation_id: 1 },
    ])
    expect(fresh).toMatchObject([{ segment: 2, variation_id: 2, basis: { taken: [3, 1] } }])
  })

  test('keep what clicks bring, if that is the goal, though nothing is known of it yet', () => {
    const of = (known: Worth | undefined) =>
      chooseSegments({ ...asked, worth: known, forRevenue: true, random: numbers(0.3) }, 1, [])[0]
    expect(of(worth)).toMatchObject({ goal: 'revenue', basis: { goal: 'revenue', worth } })
    expect(of(undefined)).toMatchObject({ goal: null, basis: { goal: 'revenue', worth: null } })
  })
})

test('what texts earned is rounded as it is stored, and kept beside their strengths', () => {
  const day = 86_400_000
  const sends = [1, 2, 3].map((variation_id) => ({
    ...{ newsletter_send_id: 'a', newsletter: '', offer_id: 1, variation_id, recipients: 9_000, sent_at: 0 },
    ...{ clickers: 180, clickers_by: byMarks(120, 160, 180) },
  }))
  const earnings = {
    ...{ currency: 'EUR', delays: [] },
    sends: sends.slice(0, 2).map(({ newsletter_send_id, variation_id }) => ({
      ...{ newsletter_send_id, variation_id, conversions: 7, priced: 7, pending: 0, pending_priced: 0 },
      ...{ rejected: 0, pending_revenue: 0, revenue: 70, squares: 710 },
    })),
  }
  const arms = [1, 2, 3].map((id) => arm(1, id, 10, 900))
  const { arms: known, worth: found, forRevenue } = appraise(arms, { sends, now: 90 * day, earnings })
  const aged = sends.map((send) => ({ ...send, age: 90 }))
  const value = clickValueOf(aged, earnings, curveOf(aged), 0.995)
  const four = (number = Number.NaN) => Number(number.toFixed(4))
  expect(forRevenue).toBe(true)
  expect(found).toEqual({
    ...{ currency: 'EUR', click: (value?.conversions ?? 0) * (value?.amount ?? 0) },
    levels: value?.levels.map(({ ofTexts, ofOffers }) => ({
      ofTexts: four(ofTexts),
      ofOffers: four(ofOffers),
    })),
  })
  for (const { variation_id, earned } of known)
    expect(earned).toEqual(value?.texts.get(variation_id)?.map(({ k, n }) => ({ k: four(k), n: four(n) })))
  const elsewhere = appraise(arms, { sends, now: 90 * day, earnings: { ...earnings, currency: null } })
  expect(elsewhere).toEqual({ arms, forRevenue: true })
})
