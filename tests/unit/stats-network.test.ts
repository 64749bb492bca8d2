import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SendSegment } from '../../src/lib/stats/known.ts'
import { invert } from '../../src/lib/stats/matrix.ts'
import { type Hub, type Node, newNode, solve } from '../../src/lib/stats/network.ts'
import { spreadsOf } from '../../src/lib/stats/same-days.ts'
import { eliminate, inverseOf } from '../support/matrices.ts'

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true })

test('a positive definite matrix is inverted in place, both halves', () => {
  const sizes = fc.integer({ min: 1, max: 6 })
  fc.assert(
    fc.property(
      sizes.chain((size) =>
        fc.array(fc.array(number(-1, 1), { minLength: size, maxLength: size }), {
          minLength: size,
          maxLength: size,
        }),
      ),
      (half) => {
        const matrix = half.map((one, row) =>
          half.map(
            (other, column) =>
              one.reduce((sum, value, place) => sum + value * (other[place] ?? 0), 0) +
              (row === column ? 0.2 : 0),
          ),
        )
        const rows = matrix.map((row) => Float64Array.from(row))
        invert(rows)
        for (const [row, expected] of inverseOf(matrix).entries())
          for (const [column, value] of expected.entries()) expect(rows[row]?.[column]).toBeCloseTo(value, 6)
      },
    ),
    { numRuns: 60 },
  )
})

type Tie = { to: number; strength: number }
const aNetwork = fc.integer({ min: 2, max: 5 }).chain((size) =>
  fc.record({
    rests: fc.array(number(-5, 5), { minLength: size, maxLength: size }),
    hubs: fc.array(
      fc.record({
        ground: number(0.5, 9),
        ties: fc.uniqueArray(fc.record({ to: fc.nat({ max: size - 1 }), strength: number(0.5, 9) }), {
          minLength: 1,
          maxLength: size,
          selector: ({ to }: Tie) => to,
        }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  }),
)

/** Texts and days as one system: each tie pulls two unknowns together, and the ground each day towards 0. */
function wholeSystem(size: number, hubs: readonly { ground: number; ties: readonly Tie[] }[]): number[][] {
  const all = size + hubs.length
  const matrix = Array.from({ length: all }, () => Array.from({ length: all }, () => 0))
  const add = (row: number, column: number, value: number) => {
    const line = matrix[row] ?? []
    line[column] = (line[column] ?? 0) + value
  }
  for (const [place, { ground, ties }] of hubs.entries()) {
    add(size + place, size + place, ground)
    for (const { to, strength } of ties) {
      add(to, to, strength)
      add(size + place, size + place, strength)
      add(to, size + place, -strength)
      add(size + place, to, -strength)
    }
  }
  return matrix
}

test('the network is solved as the whole system of texts and days is', () => {
  fc.assert(
    fc.property(aNetwork, ({ rests, hubs }) => {
      // A text that no send ties to the ground has no solution.
      const own = rests.map((_, to) => ({ ground: 2, ties: [{ to, strength: 1 }] }))
      const all = [...hubs, ...own]
      const nodes: Node[] = rests.map((rest) => ({ ...newNode(), x: 9, rest }))
      solve(
        nodes,
        all.map(
          ({ ground, ties }): Hub<Node> => ({
            ground,
            ties: ties.flatMap(({ to, strength }) => {
              const node = nodes[to]
              return node ? [{ to: node, strength }] : []
            }),
          }),
        ),
        1e-20,
      )
      const expected = eliminate(wholeSystem(rests.length, all), [...rests, ...all.map(() => 0)])
      for (const [place, { x }] of nodes.entries()) expect(x).toBeCloseTo(expected[place] ?? 0, 6)
    }),
    { numRuns: 60 },
  )
  const still = [newNode()]
  solve(still, [], 1e-4)
  expect(still[0]?.x).toBe(0)
})

type Text = SendSegment['of']
const aText = (variation_id: number, offer_id: number): Text => ({
  ...newNode(),
  ...{ offer_id, variation_id, k: 0, n: 0, rate: 0.02 * variation_id, precision: 0, sends: 1 },
})
const aSegment = (of: Text, clicks: number, own: number, ofSend: number): SendSegment => ({
  ...{
    of,
    k: clicks,
    n: clicks / of.rate,
    exposed: clicks / of.rate,
    kept: 1,
    own,
    ofSend,
    caution: 0,
    others: 0,
  },
  part: {
    ...{ offer_id: of.offer_id, variation_id: of.variation_id, newsletter_send_id: '', age: 9 },
    send: {
      ...{ offer_id: of.offer_id, variation_id: of.variation_id, newsletter_send_id: '' },
      ...{ recipients: 1, clickers: 1, clickers_by: [], age: 9 },
    },
    ...{ k: clicks, n: 1, lag: 0, unsure: 0, off: 0, noise: 1, common: 0, extraOwn: 0, extraOfSend: 0 },
    ...{ doubted: false, weight: 1, factor: 1, back: [0, 0] },
  },
})

test('texts that shared days are as sure, and as much wrong together, as the whole system says', () => {
  const [one, two, three, four] = [aText(1, 1), aText(2, 1), aText(3, 2), aText(4, 1)]
  // The first two meet by the third, of another offer, after one was sent alone; the fourth met nobody.
  const sends = [
    [aSegment(two, 80, 0.01, 0.05)],
    [aSegment(one, 200, 0.01, 0.09), aSegment(three, 150, 0.01, 0.09)],
    [aSegment(three, 300, 0.02, 0.09), aSegment(two, 120, 0.02, 0.09)],
    [aSegment(one, 60, 0.01, 0.05), aSegment(two, 90, 0.01, 0.05)],
    [aSegment(four, 100, 0.01, 0.09)],
  ]
  const texts = [one, two, three, four]
  const system = wholeSystem(
    texts.length,
    sends.map((segments) => {
      const clicks = segments.reduce((sum, { k }) => sum + k, 0)
      const recipients = segments.reduce((sum, { exposed }) => sum + exposed, 0)
      return {
        ground: (1 - clicks / recipients) / (segments[0]?.ofSend ?? 0),
        ties: segments.map(({ of, k, own }) => ({ to: texts.indexOf(of), strength: k / (1 + k * own) })),
      }
    }),
  )
  const covariance = inverseOf(system)
  const spreads = spreadsOf(sends)
  expect(spreads).toHaveLength(4)
  for (const { of, variance, others } of spreads) {
    const place = texts.indexOf(of)
    expect(variance / (covariance[place]?.[place] ?? 0)).toBeCloseTo(1, 9)
    expect(new Set(others.map((other) => other.of))).toEqual(
      new Set(texts.filter((text) => text !== of && text.offer_id === of.offer_id)),
    )
    for (const other of others)
      expect(other.covariance).toBeCloseTo(covariance[place]?.[texts.indexOf(other.of)] ?? 0, 12)
  }
  const met = spreads.find(({ of }) => of === one)?.others
  expect(met?.find(({ of }) => of === two)?.covariance).toBeGreaterThan(0.001)
  expect(met?.find(({ of }) => of === four)?.covariance).toBeCloseTo(0, 12)
})

test('251 texts that shared days are taken offer by offer, 250 are not', () => {
  const covarianceOf = (count: number) => {
    const texts = Array.from({ length: count }, (_, id) => aText(1 + (id % 40), 1 + (id % 2)))
    const sends = texts.slice(1).map((text, id) => {
      const before = texts[id]
      return before ? [aSegment(before, 100, 0.01, 0.09), aSegment(text, 100, 0.01, 0.09)] : []
    })
    const spreads = spreadsOf(sends)
    expect(spreads).toHaveLength(count)
    const first = spreads.find(({ of }) => of === texts[0])
    return first?.others.find(({ of }) => of === texts[2])?.covariance ?? -1
  }
  // Texts of one offer are in no send together: only by the other offer do they tell of each other's days.
  expect(covarianceOf(250)).toBeGreaterThan(1e-4)
  expect(covarianceOf(251)).toBe(0)
})
