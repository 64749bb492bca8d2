import { describe, expect, test } from 'vitest'
import { arrived, curveOf, marks } from '../../src/lib/stats/arrival.ts'
import { poolEvidence, type Send } from '../../src/lib/stats/evidence.ts'
import { beliefOf, believe, intervalOf, meanOf } from '../../src/lib/stats/posterior.ts'

const usual = curveOf([])
/** A send of its own name, unless it is given one. */
const send = (changes: Partial<Send> = {}): Send => ({
  offer_id: 4,
  variation_id: 42,
  newsletter_send_id: crypto.randomUUID(),
  recipients: 10_000,
  clickers: 200,
  age: 10,
  clickers_by: marks.map(
    (hours) => (changes.clickers ?? 200) * arrived(Math.min(hours, 72) / 24, usual).share,
  ),
  ...changes,
})

describe('arrival of clicks', () => {
  const old = (half: number) => ({
    newsletter_send_id: crypto.randomUUID(),
    age: 4,
    clickers_by: marks.map((hours) => 1_000 / (1 + half / hours)),
  })
  const shareAt = (hours: number, curve = usual) => arrived(hours / 24, curve).share

  test('is log-logistic before a site has shown its own, half within four hours', () => {
    expect(shareAt(4)).toBeGreaterThan(0.48)
    expect(shareAt(4)).toBeLessThan(0.54)
    expect(shareAt(0.1)).toBeLessThan(0.02)
    expect(shareAt(24)).toBeGreaterThan(0.9)
    expect([-1, 0, 72, 500].map((hours) => shareAt(hours))).toEqual([0, 0, 1, 1])
  })

  test('follows old sends, the more of them the more closely', () => {
    const slow = curveOf(Array.from({ length: 40 }, () => old(12)))
    const one = curveOf([old(12)])
    expect(shareAt(6, slow)).toBeLessThan(shareAt(6, one))
    expect(shareAt(6, one)).toBeLessThan(shareAt(6))
    expect(shareAt(6, slow)).toBeCloseTo((6 / 18) * (84 / 72), 1)
    expect(
      curveOf([
        { ...old(12), age: 3 },
        { ...old(12), age: 9, clickers_by: marks.map(() => 0) },
      ]),
    ).toEqual(usual)
  })

  test('grows without steps, and is less certain the fewer have arrived', () => {
    const curve = curveOf([old(2), old(9), old(4), { ...old(4), clickers_by: marks.map(() => 7) }])
    const hours = Array.from({ length: 730 }, (_, tenth) => tenth / 10)
    const shares = hours.map((hour) => shareAt(hour, curve))
    for (const [place, share] of shares.entries()) {
      expect(share).toBeGreaterThanOrEqual(shares[place - 1] ?? 0)
      expect(share - (shares[place - 1] ?? 0)).toBeLessThan(0.06)
    }
    expect(arrived(1 / 24, curve).variance).toBeGreaterThan(arrived(0.5, curve).variance)
    expect(arrived(3, curve).variance).toBe(0)
    expect(curve.variance).toBeGreaterThan(curveOf(Array.from({ length: 60 }, () => old(4))).variance)
  })
})

describe('effective evidence', () => {
  test('of one send equals the documented formula', () => {
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

  test('follows a falling rate only for cautious claims', () => {
    const falling = Array.from({ length: 40 }, (_, index) =>
      send({ age: 200 - 5 * index, clickers: 400 - 6 * index }),
    )
    const of = (cautious: boolean) => poolEvidence(falling, usual, { cautious })
    const rateOf = (cautious: boolean) => {
      const known = of(cautious).evidence.get(42)
      return (known?.k ?? 0) / (known?.n ?? 1)
    }
    expect(rateOf(false)).toBeGreaterThan(0.026)
    expect(rateOf(true)).toBeLessThan(0.019)
    expect(of(false).drift.varianceOf([1, 10])).toBe(0)
    expect(of(true).drift.varianceOf([1, 10])).toBeGreaterThan(0)
  })

  test('counts young sends by the clicks that have arrived, and old ones at a discount', () => {
    const { share, variance } = arrived(0.5, usual)
    const young = poolEvidence([send({ age: 0.5, clickers: 140 })], usual).evidence.get(42)
    expect((young?.k ?? 0) / (young?.n ?? 1)).toBeCloseTo(140 / (10_000 * share), 9)
    expect(young?.k).toBeLessThan(1 / (0.09 + variance))
    expect(poolEvidence([send({ age: 0 })], usual).evidence.size).toBe(0)
    const faded = poolEvidence([send({ age: 100 })], usual, { keptADay: () => 0.995 }).evidence.get(42)
    expect(faded?.k).toBeCloseTo((poolEvidence([send()], usual).evidence.get(42)?.k ?? 0) * 0.995 ** 100, 9)
  })

  test('is smaller for cautious claims, but hardly after many sends', () => {
    const of = (count: number, cautious: boolean) =>
      poolEvidence(
        Array.from({ length: count }, (_, index) => send({ clickers: index % 2 === 0 ? 150 : 250 })),
        usual,
        { cautious },
      )
    // Eight degrees of freedom: 10 % of a chi-squared variable lie below 3.49 (any table has it).
    expect(of(1, true).dispersion).toBeCloseTo((8 * 0.09) / 3.49, 3)
    expect(of(1, true).evidence.get(42)?.k).toBeLessThan((of(1, false).evidence.get(42)?.k ?? 0) / 2)
    expect(of(800, true).dispersion / of(800, false).dispersion).toBeLessThan(1.07)
  })
})

/** Two variations as segments of the same sends, or each in sends of its own, on days with these factors. */
const onDays = (factors: readonly number[], clickers: readonly number[], together: boolean) =>
  factors.flatMap((factor, day) =>
    clickers.map((usually, place) =>
      send({
        variation_id: place,
        clickers: Math.round(usually * factor),
        newsletter_send_id: together ? `day-${day}` : `day-${day}-${place}`,
      }),
    ),
  )
const unequalDays = [0.5, 1.6, 0.8, 1.3, 0.6, 1.2]
const ratio = (sends: readonly Send[], one = 0, other = 1) => {
  const { evidence } = poolEvidence(sends, usual)
  const [a, b] = [evidence.get(one), evidence.get(other)]
  return a && b ? a.k / a.n / (b.k / b.n) : Number.NaN
}

describe('segments of one send', () => {
  test('cancel the day that they have in common', () => {
    const together = poolEvidence(onDays(unequalDays, [240, 200], true), usual)
    const apart = poolEvidence(onDays(unequalDays, [240, 200], false), usual)
    expect(ratio(onDays(unequalDays, [240, 200], true))).toBeCloseTo(1.2, 2)
    // A clicker of one segment and one of the other make about half an independent click.
    const clicks = 240 * unequalDays.reduce((sum, factor) => sum + factor, 0)
    expect(together.evidence.get(0)?.k).toBeGreaterThan(0.2 * clicks)
    expect(apart.evidence.get(0)?.k).toBeLessThan(unequalDays.length / apart.dispersion)
  })

  test('have the weights of the formula', () => {
    const { dispersion, ownDispersion, evidence } = poolEvidence(
      [
        send({ variation_id: 1, newsletter_send_id: 'split', clickers: 300 }),
        send({ variation_id: 2, newsletter_send_id: 'split', clickers: 200, recipients: 8_000 }),
      ],
      usual,
    )
    expect(dispersion).toBeCloseTo(0.09, 12)
    const pool = 501 / 18_050
    const of = (id: number) => evidence.get(id) ?? expect.fail(`no evidence of ${id}`)
    const rateOf = (id: number) => (of(id).k + 4) / (of(id).n + 4 / pool)
    const ground = 1 / (0.09 - ownDispersion)
    const exposed = (200 * of(2).n) / of(2).k
    const said = 1 + exposed * rateOf(2) * ownDispersion
    const shape = ground + 200 / said
    const day = shape / (ground + (8_000 * rateOf(2)) / said)
    const rate = rateOf(1)
    const effect = 1 + (10_000 * day * rate * (1 / shape + ownDispersion)) / (1 - rate)
    expect(of(1).k).toBeCloseTo(300 / effect, 0)
    expect(of(1).n / of(1).k).toBeCloseTo((10_000 * day) / 300, 1)
  })

  test('also compare texts that never met, through a third that met both', () => {
    const sends = [0, 1, 2, 3].flatMap((day) => {
      const name = { newsletter_send_id: `day-${day}` }
      const factor = day % 2 === 0 ? 2 : 0.5
      return [
        send({ ...name, variation_id: day % 2, clickers: 200 * factor }),
        send({ ...name, variation_id: 2, clickers: 300 * factor }),
      ]
    })
    expect(ratio(sends)).toBeGreaterThan(0.85)
    expect(ratio(sends)).toBeLessThan(1.25)
    expect(ratio(sends.map((one) => ({ ...one, newsletter_send_id: crypto.randomUUID() })))).toBeCloseTo(4, 9)
  })

  test('leave sends that are not split unchanged', () => {
    const whole = [send({ variation_id: 7, clickers: 150 }), send({ variation_id: 7, clickers: 250 })]
    const beside = (names: [string, string]) =>
      poolEvidence(
        [
          ...whole,
          send({ variation_id: 1, newsletter_send_id: names[0] }),
          send({ variation_id: 2, newsletter_send_id: names[1] }),
        ],
        usual,
      ).evidence.get(7)
    const [split, apart] = [beside(['same', 'same']), beside(['one', 'other'])]
    expect(split?.k).toBeCloseTo(apart?.k ?? 0, 0)
    expect((split?.k ?? 0) / (split?.n ?? 1)).toBeCloseTo(0.02, 9)
  })
})

describe('beliefs', () => {
  const variations = [
    { variation_id: 1, offer_id: 1 },
    { variation_id: 2, offer_id: 1 },
    { variation_id: 3, offer_id: 2 },
  ]

  test('about a text never sent are those of its offer, about a new offer those of all', () => {
    const nothing = { k: 0, n: 0 }
    const { mean, offers } = believe(variations, ({ variation_id }) =>
      variation_id === 1 ? { k: 100, n: 1_000 } : nothing,
    )
    const means = offers.map(({ shape, rate }) => shape / rate)
    expect(offers.map(({ offer_id, variations: own }) => [offer_id, own.length])).toEqual([
      [1, 2],
      [2, 1],
    ])
    expect(means[0]).toBeGreaterThan(0.05)
    expect(means[1]).toBeCloseTo(mean, 12)
    expect(meanOf(beliefOf(nothing, means[0] ?? 0))).toBeCloseTo(means[0] ?? 0, 12)
    expect(mean).toBeGreaterThan(0.02)
  })

  test('without evidence are 2 %', () => {
    const { mean, offers } = believe(variations, () => ({ k: 0, n: 0 }))
    expect(mean).toBeCloseTo(0.02, 12)
    expect(offers.map(({ shape, rate }) => shape / rate)).toEqual([
      expect.closeTo(0.02, 12),
      expect.closeTo(0.02, 12),
    ])
    expect(beliefOf({ k: 0, n: 0 }, 0.02)).toEqual({ a: 8, b: 392 })
  })

  test('follow the evidence if there is much of it', () => {
    expect(meanOf(beliefOf({ k: 3_000, n: 10_000 }, 0.02))).toBeCloseTo(0.3, 1)
    expect(beliefOf({ k: 5, n: 5 }, 2).b).toBeGreaterThan(0)
    expect(beliefOf({ k: 6, n: 5 }, 0.5).b).toBe(8)
  })

  test('are wider for days in common, as far as they rest on those days', () => {
    const offer = { shape: 30, rate: 1_500 }
    const widthOf = (k: number, shared: number) => {
      const [low, high] = intervalOf(beliefOf({ k, n: k * 50 }, 0.02), offer, shared)
      return Math.log(high / low) / (2 * 1.96)
    }
    expect(widthOf(40_000, 0.01)).toBeCloseTo(0.1, 2)
    expect(widthOf(40_000, 0)).toBeLessThan(0.01)
    expect(widthOf(1, 0.01) / widthOf(1, 0)).toBeLessThan(1.01)
  })

  test('stay within 0 and 1, however high and uncertain a rate is', () => {
    const belief = beliefOf({ k: 21, n: 20 }, 0.9)
    const [low, high] = intervalOf(belief, { shape: 30, rate: 33 }, 4)
    expect(low).toBeGreaterThan(0.1)
    expect(low).toBeLessThan(meanOf(belief))
    expect(high).toBeGreaterThan(meanOf(belief))
    expect(high).toBeLessThanOrEqual(1)
  })
})

test('the spread of texts from send to send is not learned from discounted or wrong sends', () => {
  const split = (name: string, odd = 200, changes: Partial<Send> = {}) => [
    send({ newsletter_send_id: name, ...changes }),
    send({ newsletter_send_id: name, variation_id: 43, clickers: odd, ...changes }),
  ]
  const usually = Array.from({ length: 12 }, (_, index) => split(`${index}`)).flat()
  const differing = (sends: readonly Send[]) => poolEvidence([...usually, ...sends], usual).ownDispersion
  // Taken at its word, ten times as many clicks in one of thirteen sends are a variance of about 0.4.
  expect(differing(split('wrong', 2_000))).toBeLessThan(0.05)
  const others = ['a', 'b', 'c', 'd'].flatMap((name) => split(name, 300, { weight: 0.5 }))
  expect(differing(others)).toBeLessThan(differing(others.map((one) => ({ ...one, weight: 1 }))) / 2)
})
