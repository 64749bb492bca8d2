import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import type { Strategy } from '../../src/lib/model/selection.ts'
import type { Arm } from '../../src/lib/selection/arm.ts'
import { packArms, questionOf } from '../../src/lib/selection/basis.ts'
import { choose, weightedChances } from '../../src/lib/selection/choose.ts'
import { chooseSegments } from '../../src/lib/selection/choose-segments.ts'
import { drawBeta, drawGamma, drawNormal, seeded } from '../../src/lib/selection/draws.ts'
import { selectionSchema } from '../../src/lib/selection/schema.ts'
import { chanceOf, drawBest, fieldOf, sharesOf } from '../../src/lib/selection/thompson.ts'

const arm = (offer_id: number, variation_id: number, changes: Partial<Arm> = {}): Arm => ({
  offer_id,
  variation_id,
  weight: 1,
  recipients: 0,
  human_clicks: 0,
  k: 0,
  n: 0,
  held: null,
  ...changes,
})

/** Offer 4 has two variations and weight 1, offer 5 has one and weight 3. */
const newsletter = [
  arm(4, 42, { recipients: 100, human_clicks: 20 }),
  arm(4, 43, { recipients: 300, human_clicks: 0 }),
  arm(5, 50, { weight: 3 }),
]

const question = { strategy: 'weighted' as Strategy, taken: [], floor: 0 }
const chosen = (arms: readonly Arm[], changes: Partial<Parameters<typeof choose>[0]> = {}) =>
  choose({ ...question, arms, seed: 1, ...changes })

/** How often each is chosen with so many seeds, as shares. */
function shares(arms: readonly Arm[], changes: Partial<Parameters<typeof choose>[0]>, seeds = 20_000) {
  const counts: Record<number, number> = {}
  for (let seed = 0; seed < seeds; seed += 1) {
    const id = chosen(arms, { ...changes, seed })?.arm.variation_id ?? 0
    counts[id] = (counts[id] ?? 0) + 1 / seeds
  }
  return counts
}

describe('weighted', () => {
  test('chooses offers by weight and their variations alike, and says how probably', () => {
    expect(weightedChances(newsletter, 'weighted').map(({ chance }) => chance)).toEqual([0.125, 0.125, 0.75])
    const found = shares(newsletter, {})
    expect(found[42]).toBeCloseTo(1 / 8, 1.7)
    expect(found[43]).toBeCloseTo(1 / 8, 1.7)
    expect(found[50]).toBeCloseTo(3 / 4, 1.7)
    const choice = chosen(newsletter)
    expect(choice?.probability()).toBe(choice?.arm.variation_id === 50 ? 0.75 : 0.125)
  })

  test('never chooses an offer without weight, nor the text of another segment', () => {
    const paused = arm(6, 60, { weight: 0 })
    expect(Object.keys(shares([paused, ...newsletter], {}, 400))).toEqual(['42', '43', '50'])
    expect(Object.keys(shares(newsletter, { taken: [50] }, 400))).toEqual(['42', '43'])
    expect(chosen([paused])).toBeUndefined()
    expect(chosen([])).toBeUndefined()
    expect(chosen(newsletter, { taken: [42, 43, 50] })).toBeUndefined()
  })

  test('gives every variation a chance', () => {
    const many = Array.from({ length: 49 }, (_, index) => arm(index % 7, index))
    const chances = weightedChances(many, 'weighted')
    expect(chances.reduce((sum, { chance }) => sum + chance, 0)).toBeCloseTo(1, 12)
    expect(new Set(chances.map((weighted) => weighted.arm))).toEqual(new Set(many))
  })
})

test('ctr_weighted follows the specification: weight × (1 + ctr / 100)', () => {
  // Offer 4: 20 of 400, 5 %, 1 × 1.05. Offer 5: nothing sent, 3 × 1. Variation 42: 20 %, 1.2. Variation 43: 1.
  const expected = [(1.05 / 4.05) * (1.2 / 2.2), (1.05 / 4.05) * (1 / 2.2), 3 / 4.05]
  const told = weightedChances(newsletter, 'ctr_weighted')
  for (const [place, chance] of expected.entries()) expect(told[place]?.chance).toBeCloseTo(chance, 12)
  expect(shares(newsletter, { strategy: 'ctr_weighted' })[42]).toBeCloseTo(expected[0] ?? 0, 1.7)
})

describe('draws', () => {
  test.each([0.3, 1, 2.5, 40])('of Gamma(%d) have its mean and variance', (shape) => {
    const random = seeded(7)
    const drawn = Array.from({ length: 40_000 }, () => drawGamma(shape, random))
    const mean = drawn.reduce((sum, one) => sum + one, 0) / drawn.length
    const variance = drawn.reduce((sum, one) => sum + (one - mean) ** 2, 0) / drawn.length
    expect(mean / shape).toBeGreaterThan(0.96)
    expect(mean / shape).toBeLessThan(1.04)
    expect(variance / shape).toBeGreaterThan(0.92)
    expect(variance / shape).toBeLessThan(1.08)
  })

  test.each([0, -1, Number.NaN])('of Gamma(%d) are an error, not an endless loop', (shape) => {
    expect(() => drawGamma(shape, seeded(7))).toThrow(RangeError)
  })

  test('of Beta(a, b) have its mean, and are the same for the same seed', () => {
    const random = seeded(3)
    const drawn = Array.from({ length: 20_000 }, () => drawBeta(8, 392, random))
    expect(drawn.reduce((sum, one) => sum + one, 0) / drawn.length).toBeCloseTo(0.02, 3)
    expect(seeded(5)()).toBe(seeded(5)())
    expect(seeded(5)()).not.toBe(seeded(6)())
    expect(seeded(0)()).toBeGreaterThan(0)
  })

  test('stay the same from version to version, since stored decisions are made again from their seeds', () => {
    const firsts = [0, 1, 77, 2 ** 32 - 1].map((seed) => {
      const random = seeded(seed)
      return [random(), random()]
    })
    const numbers = [
      [0.17549665865954012, 0.04167605226393789],
      [0.03340984776150435, 0.9500271311262622],
      [0.7692972176009789, 0.24820978206116706],
      [0.31391757808160037, 0.4802844385849312],
    ]
    expect(firsts).toEqual(numbers)
    const gammas = [
      [0.3, 0.000692889517294013, 0.5962405718027074, 0.02868962242908482],
      [1, 1.0908235400101303, 0.009789950579752689, 0.5604900728283845],
      [2.5, 2.875522044375762, 0.4252315542761877, 1.970333153315858],
      [40, 42.48255783176194, 29.120469682583106, 38.806169003043955],
    ]
    for (const [shape = 1, ...drawn] of gammas) {
      const random = seeded(7)
      for (const one of drawn) expect(drawGamma(shape, random)).toBeCloseTo(one, 10)
    }
    const random = seeded(7)
    const others = [
      drawNormal(random),
      drawNormal(random),
      drawBeta(8, 392, random),
      drawBeta(0.5, 0.5, random),
    ]
    const kept = [0.4369170994831365, 1.7224714103878571, 0.024253816313145805, 0.4775144207561511]
    for (const [index, one] of kept.entries()) expect(others[index]).toBeCloseTo(one, 10)
  })

  test('of consecutive seeds are independent', () => {
    const firsts = Array.from({ length: 10_000 }, (_, seed) => seeded(seed)())
    expect(firsts.reduce((sum, one) => sum + one, 0) / firsts.length).toBeCloseTo(0.5, 1.5)
    const pairs = firsts.slice(1).map((one, index) => (one - 0.5) * ((firsts[index] ?? 0) - 0.5) * 12)
    expect(Math.abs(pairs.reduce((sum, one) => sum + one, 0) / pairs.length)).toBeLessThan(0.04)
  })
})

/**
 * One clearly better text, its sibling, another offer, one that was never sent, and one that may no longer be
 * shown.
 */
const learned = [
  arm(1, 1, { k: 300, n: 10_000 }),
  arm(1, 2, { k: 200, n: 10_000 }),
  arm(2, 3, { k: 100, n: 10_000 }),
  arm(2, 4),
  arm(3, 5, { k: 900, n: 10_000, weight: 0 }),
]

describe('thompson', () => {
  const thompson = { strategy: 'thompson' as const }

  test('prefers better texts, and sometimes tries unknown ones', () => {
    const found = shares(learned, thompson, 4_000)
    expect(found[1]).toBeGreaterThan(0.7)
    expect(found[4]).toBeGreaterThan(0.001)
    expect(found[3] ?? 0).toBeLessThan(0.01)
    expect(found[5]).toBeUndefined()
  })

  test('gives about the probability with which it chooses', () => {
    const pool = learned.filter(({ weight }) => weight > 0)
    const field = fieldOf(pool, learned)
    const counted = sharesOf(field, 11, 20_000)
    expect([...counted.values()].reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9)
    for (const one of pool) {
      const told = Array.from({ length: 40 }, (_, seed) => chanceOf(field, one, seed))
      const mean = told.reduce((sum, chance) => sum + chance, 0) / told.length
      expect(mean, `variation ${one.variation_id}`).toBeCloseTo(counted.get(one) ?? 0, 1.7)
      expect(chanceOf(field, one, 1)).toBe(chanceOf(field, one, 1))
    }
    const [first = expect.fail('no arm')] = learned
    expect(chanceOf(fieldOf([first], learned), first, 1)).toBe(1)
    expect(sharesOf(fieldOf([], learned), 1, 10).size).toBe(0)
    expect(drawBest(field, seeded(4))).toBe(drawBest(field, seeded(4)))
  })

  test('draws the floor by base weight, and counts it in the probability', () => {
    const heavy = learned.map((one) => (one.variation_id === 3 ? { ...one, weight: 1 } : one))
    const found = shares(heavy, { ...thompson, floor: 1 })
    expect(found[3]).toBeCloseTo(0.25, 1.7)
    const choice = chosen(heavy, { ...thompson, floor: 1 })
    expect(choice).toMatchObject({ floor: true })
    expect(choice?.probability()).toBeCloseTo(0.25, 12)
    expect(chosen(heavy, { ...thompson, floor: 0 })).toMatchObject({ floor: false })
  })

  test('leaves out texts that are held back, as long as there are others', () => {
    const held = learned.map((one) => (one.offer_id === 1 ? { ...one, held: 'offer_gap' as const } : one))
    expect(Object.keys(shares(held, thompson, 300))).toEqual(['3', '4'])
    const taken = { ...thompson, taken: [3, 4] }
    expect(Object.keys(shares(held, { ...taken, floor: 0.2 }, 300))).toEqual(['1', '2'])
  })

  test('never reports a probability of zero for its choice', () => {
    const hopeless = [arm(1, 1, { k: 5_000, n: 10_000 }), arm(2, 2, { k: 1, n: 1_000_000, weight: 1 })]
    const seed = Array.from({ length: 2_000 }, (_, one) => one).find(
      (one) => chosen(hopeless, { ...thompson, floor: 1e-9, seed: one })?.arm.variation_id === 2,
    )
    expect(seed).toBeUndefined()
    expect(chosen(hopeless.slice(1), thompson)?.probability()).toBe(1)
  })
})

describe('thompson for revenue', () => {
  const earned = (conversions: number, expected: number) => [
    { k: conversions, n: expected },
    { k: 50, n: 50 },
  ]
  /** The first is clicked on most, the second brings most, and nothing was ever sent of the third. */
  const texts = [
    arm(1, 1, { k: 300, n: 10_000, earned: earned(30, 150) }),
    arm(1, 2, { k: 200, n: 10_000, earned: earned(240, 100) }),
    arm(2, 3),
  ]
  const worth = {
    ...{ currency: 'EUR', click: 0.2 },
    levels: [
      { ofTexts: 10, ofOffers: 5 },
      { ofTexts: 100, ofOffers: 4 },
    ],
  }
  const thompson = { strategy: 'thompson' as const }

  test('prefers the text that earns most', () => {
    expect(shares(texts, thompson, 2_000)[1]).toBeGreaterThan(0.6)
    const found = shares(texts, { ...thompson, worth }, 2_000)
    expect(found[2]).toBeGreaterThan(0.7)
    expect(found[1] ?? 0).toBeLessThan(0.01)
    expect(found[3]).toBeGreaterThan(0.001)
  })

  test('gives about the probability with which it chooses', () => {
    const field = fieldOf(texts, texts, worth)
    const counted = sharesOf(field, 11, 20_000)
    for (const one of texts) {
      const told = Array.from({ length: 60 }, (_, seed) => chanceOf(field, one, seed))
      const mean = told.reduce((sum, chance) => sum + chance, 0) / told.length
      expect(mean, `variation ${one.variation_id}`).toBeCloseTo(counted.get(one) ?? 0, 1.7)
    }
  })

  test('chooses as for clicks, seed by seed, if all clicks are certainly worth the same', () => {
    const known = texts.map(({ earned: _, ...one }) => one)
    for (let seed = 0; seed < 200; seed += 1)
      expect(chosen(known, { ...thompson, seed, worth: { ...worth, levels: [] } })?.arm).toEqual(
        chosen(known, { ...thompson, seed })?.arm,
      )
  })

  test.each(['weighted', 'ctr_weighted'] as const)('does not affect %s', (strategy) => {
    for (let seed = 0; seed < 100; seed += 1)
      expect(chosen(texts, { strategy, seed, worth })?.arm).toBe(chosen(texts, { strategy, seed })?.arm)
  })

  test('is reproduced from the stored decision', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (seed) => {
        const [fresh] = chooseSegments(
          { ...thompson, arms: texts, worth, forRevenue: true, floor: 0.1, random: () => seed / 2 ** 32 },
          1,
          [],
        )
        if (!fresh) return expect.fail('a decision')
        expect(fresh).toMatchObject({ goal: 'revenue', basis: { goal: 'revenue', worth } })
        const again = choose(questionOf('thompson', fresh.seed, JSON.parse(JSON.stringify(fresh.basis))))
        expect(again?.arm.variation_id).toBe(fresh.variation_id)
        expect(again?.probability()).toBe(fresh.probability)
      }),
      { numRuns: 60 },
    )
    const [byClicks] = chooseSegments({ ...thompson, arms: texts, floor: 0, random: () => 0.5 }, 1, [])
    expect(byClicks).toMatchObject({ goal: null })
    expect(byClicks?.basis).not.toHaveProperty('goal')
  })
})

const anyArm = fc.record({
  offer_id: fc.integer({ min: 1, max: 5 }),
  weight: fc.integer({ min: 0, max: 1000 }),
  recipients: fc.integer({ min: 0, max: 10_000 }),
  human_clicks: fc.integer({ min: 0, max: 20_000 }),
  n: fc.integer({ min: 0, max: 50_000 }),
  held: fc.constantFrom(null, 'offer_gap' as const, 'offer_share' as const, 'variation_gap' as const),
})
/** Ordered as the database lists them, those that cannot be chosen at the end. */
const anyArms = fc.array(anyArm, { minLength: 1, maxLength: 12 }).map((rows) =>
  rows
    .toSorted((one, other) => one.offer_id - other.offer_id)
    .map((row, index) => arm(row.offer_id, index * 2 + (index % 2), { ...row, k: row.n / 50 }))
    .map((one, _, all) => ({ ...one, weight: all.find((any) => any.offer_id === one.offer_id)?.weight ?? 0 }))
    .toSorted((one, other) => Number(one.weight === 0) - Number(other.weight === 0)),
)
const anyStrategy = fc.constantFrom<Strategy>('weighted', 'ctr_weighted', 'thompson')

test('for any arms and seed one with weight is chosen, and its stored decision reproduces it', () => {
  fc.assert(
    fc.property(
      anyArms,
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      anyStrategy,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (arms, seed, strategy, floor) => {
        const asked = { arms, seed, strategy, floor, taken: [] }
        const choice = choose(asked)
        const possible = arms.some(({ weight }) => weight > 0)
        expect(choice !== undefined).toBe(possible)
        if (!choice) return
        expect(choice.arm.weight).toBeGreaterThan(0)
        const probability = choice.probability()
        expect(probability).toBeGreaterThan(0)
        expect(probability).toBeLessThanOrEqual(1 + 1e-12)
        const kept = JSON.parse(
          JSON.stringify({ by_weight: choice.floor, floor, taken: [], ...packArms(arms) }),
        )
        const again = choose(questionOf(strategy, seed, kept))
        expect(again?.arm).toEqual(choice.arm)
        expect(again?.probability()).toBe(probability)
      },
    ),
    { numRuns: 400 },
  )
})

describe('the stored arms of a decision', () => {
  const question = (arms: readonly Arm[]) =>
    questionOf('thompson', 7, { by_weight: false, floor: 0.05, taken: [2], ...packArms(arms) })

  test.each<Partial<Arm>>([
    {},
    { weight: 0 },
    { weight: 2.5 },
    { recipients: 1 },
    { human_clicks: 1 },
    { k: 0.5, n: 1 },
    { n: 0.25 },
    { held: 'offer_gap' },
    { held: 'offer_share' },
    { held: 'variation_gap' },
  ])('hold all that is known of one: %o', (changes) => {
    const arms = [arm(4, 42, changes), arm(5, 43)]
    const inOrder = changes.weight === 0 ? arms.toReversed() : arms
    expect(question(arms)).toEqual({ arms: inOrder, strategy: 'thompson', seed: 7, taken: [2], floor: 0.05 })
  })

  test('are sorted by offer and variation, with those last that could not be chosen', () => {
    const [a, b, c] = [arm(4, 43, { n: 3 }), arm(4, 50), arm(5, 42, { n: 1 })]
    const paused = [arm(1, 9, { weight: 0 }), arm(3, 7, { weight: 0 })]
    expect(question([...paused, c, b, a]).arms).toEqual([a, b, c, ...paused])
    expect(question([]).arms).toEqual([])
  })
})

test('segments get different variations, as far as there are any, and keep earlier ones', () => {
  fc.assert(
    fc.property(anyArms, anyStrategy, fc.integer({ min: 1, max: 8 }), (arms, strategy, segments) => {
      const random = seeded(9)
      const fresh = chooseSegments({ arms, strategy, floor: 0.1, random }, segments, [])
      const free = arms.filter(({ weight }) => weight > 0).length
      expect(fresh.map(({ segment }) => segment)).toEqual(
        Array.from({ length: Math.min(segments, free) }, (_, index) => index + 1),
      )
      expect(new Set(fresh.map(({ variation_id }) => variation_id)).size).toBe(fresh.length)
      const [first] = fresh
      if (!first) return
      const standing = [{ segment: 2, variation_id: first.variation_id }]
      const rest = chooseSegments({ arms, strategy, floor: 0.1, random }, segments, standing)
      expect(rest.map(({ segment }) => segment)).not.toContain(2)
      expect(rest.map(({ variation_id }) => variation_id)).not.toContain(first.variation_id)
      expect(rest[0]?.basis.taken ?? [first.variation_id]).toEqual([first.variation_id])
    }),
    { numRuns: 200 },
  )
})

test('variations without data are restored exactly from a stored decision', () => {
  const arms = [1, 2, 5, 9, 10, 11].map((id) => arm(id < 9 ? 1 : 2, id, { weight: id < 9 ? 1 : 4 }))
  const kept = { by_weight: false, floor: 0.05, taken: [2], ...packArms(arms) }
  expect(kept.offers).toBe('1 1 1-2,5\n2 4 9-11')
  expect(questionOf('thompson', 7, kept)).toEqual({
    arms,
    strategy: 'thompson',
    seed: 7,
    taken: [2],
    floor: 0.05,
  })
})

test('thousands of variations without data take little room in a stored decision', () => {
  const arms = Array.from({ length: 4_000 }, (_, index) => arm(Math.floor(index / 20), index))
  expect(JSON.stringify(packArms(arms)).length).toBeLessThan(6_000)
  expect(packArms([arm(1, 1), arm(1, 2), arm(1, 5, { k: 1.5, n: 40, held: 'offer_share' })])).toEqual({
    offers: '1 1 1-2',
    arms: '1 5 1 0 0 1.5 40 2',
  })
})

test('a query names one of the strategies and 2 to 8 segments', () => {
  const accepts = (query: unknown) => v.is(selectionSchema, query)
  for (const query of [
    {},
    { strategy: 'weighted' },
    { strategy: 'ctr_weighted', newsletter_send_id: 'x' },
    { strategy: 'thompson', segments: '2' },
    { segments: '8' },
  ])
    expect(accepts(query)).toBe(true)
  for (const query of [
    { strategy: 'best' },
    { strategy: '' },
    { newsletter_send_id: '' },
    { x: 1 },
    ...['1', '9', '02', '2.0', '', 'two'].map((segments) => ({ segments })),
  ])
    expect(accepts(query)).toBe(false)
  expect(v.parse(selectionSchema, { segments: '4' })).toEqual({ segments: 4 })
  const { issues = [] } = v.safeParse(selectionSchema, { strategy: 'best', segments: '9', blocks: 'pdf' })
  expect(issues.map(({ message }) => message)).toEqual([
    'must be weighted, ctr_weighted or thompson',
    'must be a whole number from 2 to 8',
    'must be html, text or html,text',
  ])
})
