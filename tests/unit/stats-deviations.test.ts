import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { curveOf } from '../../src/lib/stats/arrival.ts'
import { type Send, sortSends } from '../../src/lib/stats/parts.ts'
import { chanceOf, findDeviations, type WeightedPart } from '../../src/lib/stats/robust.ts'
import { sent } from '../support/sends.ts'

const pool = 0.02

const row = fc.record({
  text: fc.integer({ min: 1, max: 3 }),
  send: fc.nat({ max: 6 }),
  k: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 60, max: 140 }) },
    { weight: 1, arbitrary: fc.nat({ max: 900 }) },
  ),
  n: fc.oneof(
    { weight: 4, arbitrary: fc.constant(5_000) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 50_000 }) },
  ),
  lag: fc.constantFrom(0, 0, 0, 0.05, 0.3),
})

/** The value at which half of the weight is reached. */
function middleOf(rows: readonly { value: number; weight: number }[]): number {
  const all = rows.reduce((sum, { weight }) => sum + weight, 0)
  const inOrder = rows.toSorted((one, other) => one.value - other.value)
  const place = inOrder.findIndex(
    (_, last) => inOrder.slice(0, last + 1).reduce((sum, { weight }) => sum + weight, 0) >= all / 2 - 1e-12,
  )
  return inOrder[place]?.value ?? 0
}

test('a send is doubted by what its parts have in common, a part by what it has of its own', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(row, { minLength: 1, maxLength: 20, selector: ({ text, send }) => text * 10 + send }),
      (rows) => {
        const parts = rows.map(
          ({ text, send, k, n, lag }): WeightedPart => ({
            ...{ variation_id: text, newsletter_send_id: `${send}`, k, n, lag },
            ...{
              weight: 1,
              unsure: 0,
              off: 0,
              noise: 1,
              common: 0,
              extraOwn: 0,
              extraOfSend: 0,
              doubted: false,
            },
          }),
        )
        findDeviations(parts, pool)
        const sends = [...Map.groupBy(parts, ({ newsletter_send_id }) => newsletter_send_id).values()]
        for (const { k, n, off, noise } of parts) {
          const usually = Math.exp(Math.log((k + 0.5) / (n + 25)) - off)
          expect(noise).toBeCloseTo(1 / (n * usually + 0.5), 9)
        }
        const commons = sends.map((own) =>
          own.length === 1
            ? (own[0]?.off ?? 0)
            : middleOf([
                ...own.map(({ off, noise }) => ({ value: off, weight: (noise + 0.12 ** 2) ** -0.5 })),
                { value: 0, weight: 1 / 0.3 },
              ]),
        )
        const far = parts
          .map((part) => Math.abs(commons[sends.findIndex((own) => own.includes(part))] ?? 0))
          .toSorted((one, other) => one - other)
        const spread = Math.max(0.15, 1.4826 * (far[far.length >> 1] ?? 0))
        for (const [place, own] of sends.entries()) {
          const common = commons[place] ?? 0
          const known = own.reduce((sum, { noise }) => sum + 1 / noise, 0)
          const lag = Math.max(...own.map((part) => part.lag))
          const ofSend = spread ** 2 + chanceOf(common, known) + lag
          for (const part of own) {
            const rest = part.off - common
            // On a bad day fewer clickers are expected.
            const expected = Math.exp(Math.min(0, common)) / part.noise
            const ofPart = 0.12 ** 2 + chanceOf(rest, expected) + 1 / known + lag
            const isFar = (off: number) => Math.abs(off) > Math.log(2.2)
            // The variance is such that a distance beyond 2.35 standard deviations is just these.
            const beyond = (off: number, variance: number) => Math.max(variance, (off / 2.35) ** 2) - variance
            const ofParts = isFar(rest) ? beyond(rest, ofPart) : 0
            expect(part.common).toBeCloseTo(common, 9)
            expect(part.extraOfSend).toBeCloseTo(beyond(common, ofSend), 9)
            expect(part.extraOwn).toBeCloseTo(ofParts, 9)
            // Doubted is what counts for less by a tenth or more.
            const counts = (variance: number, extra: number) => variance / (variance + extra)
            expect(part.doubted).toBe(
              (isFar(common) && counts(ofSend, beyond(common, ofSend)) < 0.9) ||
                counts(ofPart, ofParts) < 0.9,
            )
          }
        }
      },
    ),
    { numRuns: 150 },
  )
})

describe('sends that are evidence', () => {
  const usual = Array.from({ length: 12 }, (_, day) =>
    sent(1, `${day}`, { age: 40 - day, clickers: 190 + (day % 4) * 5 }),
  )
  const sorted = (...odd: Send[]) => {
    const { counted, doubted } = sortSends(
      [...usual, ...odd].toSorted((one, other) => other.age - one.age),
      curveOf(usual),
    )
    return { counted: odd.map((one) => counted.find(({ send }) => send === one)), doubted }
  }

  test('may have been clicked by all recipients, not by more: then it is said how far that is from all', () => {
    const all = sent(2, 'all', { clickers: 10_000 })
    expect(sorted(all).counted[0]).toBeDefined()
    const more = sent(2, 'more', { clickers: 10_001 })
    const { counted, doubted } = sorted(more)
    const clicks = usual.reduce((sum, { clickers }) => sum + clickers, 0)
    expect(counted[0]).toBeUndefined()
    expect(doubted).toEqual([
      {
        ...{ send: more, usual: 10_000, counted: 0, reason: 'rate' },
        factor: expect.closeTo(1.0001 / ((1 + clicks) / (50 + 120_000)), 9),
      },
    ])
  })

  test('may have been clicked by nobody', () => {
    const nobody = sent(2, 'nobody', { recipients: 40, clickers: 0, clickers_by: [0, 0, 0, 0, 0, 0, 0, 0] })
    expect(sorted(nobody)).toMatchObject({ counted: [{ k: 0 }], doubted: [] })
  })

  test('are among the doubts where a tenth of their clickers are taken for machines by signs', () => {
    expect(sorted(sent(1, 'signs', { left: 0.91, age: 5 })).doubted).toEqual([])
    const { counted, doubted } = sorted(sent(1, 'signs', { left: 0.9, age: 5 }))
    expect(doubted).toMatchObject([{ counted: 0.9, reason: 'signs' }])
    expect(counted[0]).toBeDefined()
  })

  test('are as unsure as their signs and their burst make them together', () => {
    const burst = sent(1, 'burst', {
      age: 5,
      clickers: 800,
      clickers_by: [660, 670, 680, 700, 740, 780, 790, 800],
    })
    const [plain] = sorted(burst).counted
    const [both] = sorted({ ...burst, unsure: 0.3 }).counted
    expect(plain?.unsure).toBeGreaterThan(0.01)
    expect((both?.unsure ?? 0) - (plain?.unsure ?? 0)).toBeCloseTo(0.3, 9)
  })
})
