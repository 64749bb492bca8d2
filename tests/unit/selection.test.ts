import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { type Candidate, choose, type Strategy } from '../../src/lib/selection/choose.ts'
import { selectionSchema } from '../../src/lib/selection/schema.ts'

const candidate = (offer_id: number, variation_id: number, changes: Partial<Candidate> = {}): Candidate => ({
  offer_id,
  offer_name: 'Offer',
  offer_type: 'affiliate',
  weight: 1,
  link_slug: 'slug',
  variation_id,
  text_content: 'Text',
  cta_text: null,
  tone: null,
  length_category: null,
  recipients: 0,
  human_clicks: 0,
  ...changes,
})

/** Offer 4 has two variations and weight 1, offer 5 has one and weight 3. */
const newsletter = [
  candidate(4, 42, { recipients: 100, human_clicks: 20 }),
  candidate(4, 43, { recipients: 300, human_clicks: 0 }),
  candidate(5, 50, { weight: 3 }),
]

/** Every random number below 1 with the same share, so that counts are exact and not by chance. */
function shares(candidates: Candidate[], strategy: Strategy, steps: number): Record<number, number> {
  const counts: Record<number, number> = {}
  for (let one = 0; one < steps; one += 1) {
    for (let two = 0; two < steps; two += 1) {
      const draws = [(one + 0.5) / steps, (two + 0.5) / steps]
      const choice = choose(candidates, strategy, () => draws.shift() ?? expect.fail('a third draw'))
      const id = choice?.candidate.variation_id ?? 0
      counts[id] = (counts[id] ?? 0) + 1 / steps ** 2
    }
  }
  return counts
}

/** The probability that is told for each candidate that any draw can bring. */
function probabilities(candidates: Candidate[], strategy: Strategy, steps = 100): Record<number, number> {
  const told: Record<number, number> = {}
  for (let one = 0; one < steps; one += 1) {
    for (let two = 0; two < steps; two += 1) {
      const draws = [(one + 0.5) / steps, (two + 0.5) / steps]
      const choice = choose(candidates, strategy, () => draws.shift() ?? 0)
      if (choice) told[choice.candidate.variation_id] = choice.probability
    }
  }
  return told
}

describe('weighted', () => {
  test('chooses offers by weight and their variations alike', () => {
    const found = shares(newsletter, 'weighted', 200)
    expect(found[42]).toBeCloseTo(1 / 8, 3)
    expect(found[43]).toBeCloseTo(1 / 8, 3)
    expect(found[50]).toBeCloseTo(3 / 4, 3)
    expect(probabilities(newsletter, 'weighted')).toEqual({ 42: 0.125, 43: 0.125, 50: 0.75 })
  })

  test('never chooses an offer without weight, wherever it stands', () => {
    const paused = candidate(6, 60, { weight: 0 })
    const others = [candidate(4, 42), candidate(5, 50)]
    for (const candidates of [
      [paused, ...others],
      [...others, paused],
      [candidate(4, 42), paused, candidate(5, 50)],
    ]) {
      expect(Object.keys(probabilities(candidates, 'weighted'))).toEqual(['42', '50'])
      for (const draw of [0, 0.5, 1 - Number.EPSILON / 2]) {
        expect(choose(candidates, 'weighted', () => draw)?.candidate.variation_id).not.toBe(60)
      }
    }
    expect(choose([paused], 'weighted', () => 0.5)).toBeUndefined()
  })

  test('chooses nothing among nothing', () => expect(choose([], 'weighted', () => 0.5)).toBeUndefined())
})

describe('ctr_weighted', () => {
  /** Offer 4: 20 of 400, 5 %, 1 × 1.05. Offer 5: nothing sent, 3 × 1. Variation 42: 20 %, 1.2. Variation 43: 1. */
  const expected = { 42: (1.05 / 4.05) * (1.2 / 2.2), 43: (1.05 / 4.05) * (1 / 2.2), 50: 3 / 4.05 }

  test('follows the specification: weight × (1 + ctr / 100)', () => {
    const told = probabilities(newsletter, 'ctr_weighted')
    for (const [id, probability] of Object.entries(expected))
      expect(told[Number(id)]).toBeCloseTo(probability, 12)
  })

  test('chooses as often as it tells', () => {
    const found = shares(newsletter, 'ctr_weighted', 300)
    for (const [id, probability] of Object.entries(expected))
      expect(found[Number(id)]).toBeCloseTo(probability, 2)
  })
})

test('whatever the candidates and the draw, one with weight is chosen; probabilities sum to 1', () => {
  const anyCandidate = fc.record({
    offer_id: fc.integer({ min: 1, max: 5 }),
    weight: fc.integer({ min: 0, max: 1000 }),
    recipients: fc.integer({ min: 0, max: 10_000 }),
    human_clicks: fc.integer({ min: 0, max: 20_000 }),
  })
  const draw = fc.oneof(
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    fc.constant(1 - Number.EPSILON / 2),
  )
  const strategies = fc.constantFrom<Strategy>('weighted', 'ctr_weighted')
  fc.assert(
    fc.property(
      fc.array(anyCandidate, { minLength: 1, maxLength: 12 }),
      draw,
      draw,
      strategies,
      (rows, one, two, strategy) => {
        const weights = new Map(rows.map(({ offer_id, weight }) => [offer_id, weight]))
        const candidates = rows.map((row, index) =>
          candidate(row.offer_id, index + 1, { ...row, weight: weights.get(row.offer_id) ?? 0 }),
        )
        const draws = [one, two]
        const choice = choose(candidates, strategy, () => draws.shift() ?? 0)
        const possible = candidates.some(({ weight }) => weight > 0)
        expect(choice !== undefined).toBe(possible)
        if (choice) expect(choice.candidate.weight).toBeGreaterThan(0)
        if (choice) expect(choice.probability).toBeGreaterThan(0)
      },
    ),
    { numRuns: 2000 },
  )
  const even = Array.from({ length: 7 }, (_, index) =>
    candidate(index % 3, index, { weight: 2, human_clicks: index, recipients: 9 }),
  )
  for (const strategy of ['weighted', 'ctr_weighted'] as const) {
    const sum = Object.values(probabilities(even, strategy)).reduce((total, one) => total + one, 0)
    expect(sum).toBeCloseTo(1, 12)
  }
})

test('the strategy in a query is one of the two', () => {
  const accepts = (query: unknown) => v.is(selectionSchema, query)
  expect([
    accepts({}),
    accepts({ strategy: 'weighted' }),
    accepts({ strategy: 'ctr_weighted', newsletter_send_id: 'x' }),
  ]).toEqual([true, true, true])
  expect([
    accepts({ strategy: 'thompson' }),
    accepts({ strategy: '' }),
    accepts({ newsletter_send_id: '' }),
    accepts({ x: 1 }),
  ]).toEqual([false, false, false, false])
})
