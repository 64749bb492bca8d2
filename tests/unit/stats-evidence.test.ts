import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { describe, expect, test } from 'vitest'
import { arrivalOf, arrived, poolEvidence, type Send } from '../../src/lib/stats/evidence.ts'
import { beliefOf, believe, intervalOf, meanOf } from '../../src/lib/stats/posterior.ts'
import { isLarger, likelihoodRatio } from '../../src/lib/stats/sequential.ts'

const usual = [0.7, 0.9, 1] as const
const send = (changes: Partial<Send> = {}): Send => ({
  offer_id: 4,
  variation_id: 42,
  recipients: 10_000,
  clickers: 200,
  age: 10,
  ...changes,
})

describe('arrival of clicks', () => {
  test('is what is usual until ten old sends have shown it', () => {
    const old = { age: 4, clickers: 100, clickers_1: 50, clickers_2: 80, clickers_3: 100 }
    expect(arrivalOf(Array.from({ length: 9 }, () => old))).toEqual(usual)
    expect(arrivalOf(Array.from({ length: 10 }, () => old))).toEqual([0.5, 0.8, 1])
    expect(arrivalOf([...Array.from({ length: 9 }, () => old), { ...old, age: 3 }])).toEqual(usual)
    expect(arrivalOf([...Array.from({ length: 9 }, () => old), { ...old, clickers: 0 }])).toEqual(usual)
  })

  test.each([
    [-1, 0],
    [0, 0],
    [0.5, 0.35],
    [1, 0.7],
    [1.5, 0.8],
    [2, 0.9],
    [2.5, 0.95],
    [3, 1],
    [50, 1],
  ])('after %d days %d have clicked', (age, share) => {
    expect(arrived(age, usual)).toBeCloseTo(share, 12)
  })

  test('is measured by the third day where clicks go on after it', () => {
    expect(arrived(1, [0.4, 0.6, 0.8])).toBeCloseTo(0.5, 12)
  })
})

describe('effective evidence', () => {
  test('of one send is worked out as the document has it', () => {
    const { dispersion, evidence } = poolEvidence([send()], usual)
    expect(dispersion).toBeCloseTo(0.09, 12)
    const pool = 201 / 10_050
    const rate = 204 / (10_000 + 4 / pool)
    const effect = 1 + (10_000 * rate * 0.09) / (1 - rate)
    expect(evidence.get(42)?.k).toBeCloseTo(200 / effect, 9)
    expect(evidence.get(42)?.n).toBeCloseTo(10_000 / effect, 9)
  })

  test('of a send is at most 1/dispersion clicks, however large it is', () => {
    const { dispersion, evidence } = poolEvidence(
      [send({ recipients: 10_000_000, clickers: 200_000 })],
      usual,
    )
    expect(evidence.get(42)?.k).toBeLessThan(1 / dispersion)
    expect(evidence.get(42)?.k).toBeGreaterThan(0.9 / dispersion)
  })

  test('grows with the dispersion that sends show', () => {
    const sends = [send({ clickers: 100 }), send({ clickers: 300 })]
    const excess = 0.25 * 2 - 0.98 / 200
    const weight = 200 / 211
    expect(poolEvidence(sends, usual).dispersion).toBeCloseTo(
      (0.72 + 2 * weight * excess) / (8 + 2 * weight),
      12,
    )
    // A single wild send is cut at 4, and calm ones cannot make the days vanish.
    const wild = Array.from({ length: 9 }, (_, index) => send({ clickers: index === 0 ? 9_000 : 10 }))
    expect(poolEvidence(wild, usual).dispersion).toBeLessThan(4)
    const calm = Array.from({ length: 4_000 }, () => send())
    expect(poolEvidence(calm, usual).dispersion).toBe(0.0025)
    expect(poolEvidence([send({ clickers: 0 }), send({ clickers: 0 })], usual).dispersion).toBeCloseTo(
      0.09,
      12,
    )
  })

  test('counts young sends by what has arrived, old ones by the discount, and nothing twice', () => {
    const young = poolEvidence([send({ age: 1, clickers: 140 })], usual)
    const whole = poolEvidence([send({ recipients: 7_000, clickers: 140 })], usual)
    expect(young.evidence.get(42)).toEqual(whole.evidence.get(42))
    expect(poolEvidence([send({ age: 0 })], usual).evidence.size).toBe(0)
    const faded = poolEvidence([send({ age: 100 })], usual, 0.995).evidence.get(42)
    expect(faded?.k).toBeCloseTo((poolEvidence([send()], usual).evidence.get(42)?.k ?? 0) * 0.995 ** 100, 9)
    expect(poolEvidence([send({ clickers: 20_000 })], usual)).toEqual(
      poolEvidence([send({ clickers: 10_000 })], usual),
    )
  })
})

describe('beliefs', () => {
  const variations = [
    { variation_id: 1, offer_id: 1 },
    { variation_id: 2, offer_id: 1 },
    { variation_id: 3, offer_id: 2 },
  ]

  test('of what was never sent are those of its offer, and of a new offer those of all', () => {
    const { mean, offers, variations: believed } = believe(variations, new Map([[1, { k: 100, n: 1_000 }]]))
    const first = offers.get(1)
    expect(first && first.shape / first.rate).toBeGreaterThan(0.05)
    expect(meanOf(believed.get(2) ?? { a: 1, b: 1 })).toBeCloseTo(first ? first.shape / first.rate : 0, 12)
    expect(meanOf(believed.get(3) ?? { a: 1, b: 1 })).toBeCloseTo(mean, 12)
    expect(mean).toBeGreaterThan(0.02)
  })

  test('without evidence are 2 %', () => {
    const { mean, variations: believed } = believe(variations, new Map())
    expect(mean).toBeCloseTo(0.02, 12)
    expect(believed.get(1)).toEqual({ a: 8, b: 392 })
  })

  test('follow the evidence where there is much of it', () => {
    expect(meanOf(beliefOf({ k: 3_000, n: 10_000 }, 0.02))).toBeCloseTo(0.3, 1)
    expect(beliefOf({ k: 5, n: 5 }, 2).b).toBeGreaterThan(0)
    expect(beliefOf({ k: 6, n: 5 }, 0.5).b).toBe(8)
  })
})

/** A stream of uniform, normal and binomial draws, the same each time. */
function draws(seed: number) {
  const source = xoroshiro128plus(seed)
  const uniform = () => ((source.next() >>> 0) + 0.5) / 4_294_967_296
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
  const binomial = (n: number, p: number) =>
    Math.max(0, Math.min(n, Math.round(n * p + Math.sqrt(n * p * (1 - p)) * normal())))
  return { uniform, normal, binomial }
}

const sentWith = (
  rate: number,
  sigma: number,
  count: number,
  recipients: number,
  one: ReturnType<typeof draws>,
  id = 42,
) =>
  Array.from({ length: count }, (_, index) => {
    const today = Math.min(0.9, rate * Math.exp(sigma * one.normal() - sigma ** 2 / 2))
    return send({ variation_id: id, recipients, clickers: one.binomial(recipients, today), age: 5 + index })
  })

test.each([
  [0.25, 5],
  [0.25, 20],
  [0.25, 60],
  [0.5, 5],
  [0.5, 20],
  [0.5, 60],
])(
  'with days that differ by %d, the interval of %d sends holds the truth as often as it says',
  (sigma, count) => {
    const one = draws(20_251_018 + count)
    let held = 0
    let all = 0
    for (let round = 0; round < 60; round += 1) {
      const truths = [1, 2, 3, 4, 5].flatMap((offer_id) => {
        const offer = 0.02 * Math.exp(0.6 * one.normal())
        return [1, 2, 3, 4].map((text) => ({
          offer_id,
          variation_id: offer_id * 10 + text,
          rate: Math.min(0.3, offer * Math.exp(0.3 * one.normal())),
        }))
      })
      const sends = truths.flatMap(({ variation_id, rate }) =>
        sentWith(rate, sigma, count, 20_000, one, variation_id),
      )
      const { evidence } = poolEvidence(sends, usual)
      const { variations, offers } = believe(truths, evidence)
      for (const { variation_id, offer_id, rate } of truths) {
        const belief = variations.get(variation_id)
        const offer = offers.get(offer_id)
        if (!belief || !offer) continue
        const [low, high] = intervalOf(belief, offer)
        held += Number(low <= rate && rate <= high)
        all += 1
      }
    }
    // 1,200 intervals: the bar of 92.5 to 97 %, and two standard errors of such a sample. Five sends on very different
    // days are too few to learn how different days are: there it holds about 90 %.
    expect(held / all).toBeGreaterThan(sigma === 0.5 && count === 5 ? 0.88 : 0.91)
    expect(held / all).toBeLessThan(0.982)
  },
)

describe('the sequential test', () => {
  test('is what its formula says', () => {
    expect(likelihoodRatio(0, 0.09)).toBeCloseTo(Math.sqrt(0.5), 12)
    expect(likelihoodRatio(0.5, 0.01)).toBeCloseTo(Math.sqrt(0.1) * Math.exp((0.09 * 0.25) / (0.02 * 0.1)), 6)
    const clear = { k: 400, n: 10_000 }
    const half = { k: 200, n: 10_000 }
    expect(isLarger(clear, half, 3)).toBe(true)
    expect(isLarger(half, clear, 3)).toBe(false)
    expect(isLarger({ k: 4, n: 10 }, half, 1)).toBe(false)
    expect(isLarger(clear, { k: 4, n: 10_000 }, 1)).toBe(false)
  })

  test('asks for more the more is compared', () => {
    const one = { k: 105, n: 3_000 }
    const other = { k: 60, n: 3_000 }
    const ratio = likelihoodRatio(Math.log(105 / 60), 1 / 105 + 1 / 60)
    expect(isLarger(one, other, Math.floor(ratio / 20))).toBe(true)
    expect(isLarger(one, other, Math.floor(ratio / 20) + 1)).toBe(false)
  })

  test('looked at on sixty days, declares a winner among equals at most in one of twenty tests', () => {
    let declared = 0
    const tests = 300
    for (let round = 0; round < tests; round += 1) {
      const one = draws(7_000 + round)
      const sends: Send[] = []
      for (let look = 0; look < 60; look += 1) {
        sends.push(...sentWith(0.02, 0.25, 1, 20_000, one, 1), ...sentWith(0.02, 0.25, 1, 20_000, one, 2))
        const { evidence } = poolEvidence(sends, usual)
        const [a, b] = [evidence.get(1), evidence.get(2)]
        if (a && b && (isLarger(a, b, 1) || isLarger(b, a, 1))) {
          declared += 1
          break
        }
      }
    }
    expect(declared / tests).toBeLessThanOrEqual(0.05)
  })
})
