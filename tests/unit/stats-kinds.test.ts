import stdlibCdf from '@stdlib/stats-base-dists-beta-cdf'
import stdlibQuantile from '@stdlib/stats-base-dists-beta-quantile'
import { describe, expect, test } from 'vitest'
import { drawNormal, seeded } from '../../src/lib/selection/draws.ts'
import { compareTexts, type EvidenceText } from '../../src/lib/stats/compare-texts.ts'
import { effectsOf, type TextRate } from '../../src/lib/stats/kinds-regression.ts'
import { crossed, dot, eliminate, inverseOf } from '../support/matrices.ts'

type Groups = readonly (readonly string[])[]

/** Least squares with a level of each offer, of which nothing is known, and kinds that are drawn towards 0. */
function regress(points: readonly TextRate[], kinds: readonly string[], own: number) {
  const offers = [...new Set(points.map(({ offer_id }) => offer_id))]
  const columns = [
    ...offers.map((offer) => points.map(({ offer_id }) => Number(offer_id === offer))),
    ...kinds.map((kind) => points.map((point) => Number(point.kinds.includes(kind)))),
  ]
  const weights = points.map(({ variance }) => 1 / (variance + own))
  const y = points.map((point) => point.y)
  const drawn = crossed(columns, weights).map((line, row) =>
    line.map((value, column) => value + Number(row === column && row >= offers.length)),
  )
  const found = eliminate(
    drawn,
    columns.map((column) =>
      dot(
        column.map((value, row) => value * (weights[row] ?? 0)),
        y,
      ),
    ),
  )
  const squares = points.map((_, row) => {
    const off =
      (y[row] ?? 0) -
      columns.reduce((sum, column, place) => sum + (column[row] ?? 0) * (found[place] ?? 0), 0)
    return (weights[row] ?? 0) * off ** 2
  })
  return {
    effects: found.slice(offers.length),
    covariance: () =>
      inverseOf(drawn)
        .slice(offers.length)
        .map((row) => row.slice(offers.length)),
    left: squares.reduce((sum, one) => sum + one, 0),
  }
}

/** The largest of so many independent contrasts, in standard errors, except with a probability (Scheffé). */
function reachOf(outside: number, contrasts: number, freedom: number): number {
  const z = stdlibQuantile(1 - outside, contrasts / 2, freedom / 2)
  return Math.sqrt((freedom * z) / (1 - z))
}

function expected(points: readonly TextRate[], groups: Groups) {
  const kinds = groups.flat()
  const ranks = groups.map(
    (group) => group.length - Number(points.every((one) => one.kinds.some((kind) => group.includes(kind)))),
  )
  const freedom =
    points.length -
    new Set(points.map(({ offer_id }) => offer_id)).size -
    ranks.reduce((sum, rank) => sum + rank, 0)
  let [low, high] = [0, 1]
  if (regress(points, kinds, 0).left <= freedom) high = 0
  while (high - low > 1e-7) {
    const middle = (low + high) / 2
    if (regress(points, kinds, middle).left > freedom) low = middle
    else high = middle
  }
  const found = regress(points, kinds, low)
  const [effects, covariance] = [found.effects, found.covariance()]
  const tested = groups
    .map((group, place) => {
      const contrasts = group.map((own) =>
        kinds.map(
          (kind) =>
            Number(kind === own) -
            (group.includes(kind)
              ? points.filter((one) => one.kinds.includes(kind)).length / points.length
              : 0),
        ),
      )
      const images = contrasts.map((one) => covariance.map((row) => dot(row, one)))
      const rank = ranks[place] ?? 0
      const means = contrasts.map((one) => dot(one, effects))
      const spread = contrasts.map((_, row) => contrasts.map((other) => dot(images[row] ?? [], other)))
      const free = means.slice(0, rank)
      const f =
        dot(
          eliminate(
            spread.slice(0, rank).map((row) => row.slice(0, rank)),
            free,
          ),
          free,
        ) / rank
      return {
        ...{ group, rank, means },
        errors: spread.map((row, own) => Math.sqrt(row[own] ?? 0)),
        p: 1 - stdlibCdf((rank * f) / (rank * f + freedom), rank / 2, freedom / 2),
      }
    })
    .toSorted((one, other) => one.p - other.p)
  const holm = tested.findIndex(({ p }, place) => p > 0.07 / (tested.length - place))
  const differing = holm === -1 ? tested.length : holm
  return {
    differing,
    variance: low,
    rows: tested.flatMap(({ group, rank, means, errors }, place) =>
      group.map((kind, row) => {
        const reach =
          place < differing
            ? reachOf(Math.min(0.05, 0.07 / Math.max(1, rank - 1)), 1, freedom)
            : reachOf(Math.min(0.05, 0.07 / (tested.length - differing)), rank, freedom)
        return { kind, effect: means[row] ?? 0, width: reach * (errors[row] ?? 0) }
      }),
    ),
  }
}

const tones = ['tone calm', 'tone urgent', 'tone wild']
const lengths = ['length short', 'length long']
const calls = ['call go']
const usualGroups = [tones, lengths, calls]

/** Texts of five offers; every third has the call to action that is asked about. */
function texts(effects: Record<string, number>, spread: number, seed: number): TextRate[] {
  const random = seeded(seed)
  return Array.from({ length: 45 }, (_, id) => {
    const kinds = [
      tones[Math.floor(3 * random() ** 1.3)] ?? '',
      lengths[Number(random() < 0.4)] ?? '',
      id % 3 === 0 ? 'call go' : 'call other',
    ]
    const effect = kinds.reduce((sum, kind) => sum + (effects[kind] ?? 0), 0)
    const variance = 0.001 + 0.004 * random()
    return {
      ...{ offer_id: id % 5, variance, kinds },
      y: -4 + (id % 5) / 3 + effect + Math.sqrt(spread ** 2 + variance) * drawNormal(random),
    }
  })
}

/** Compares what is found with what was worked out, and answers how many attributes differ. */
function compared(points: readonly TextRate[], groups: Groups = usualGroups): number {
  const plain = expected(points, groups)
  const found = effectsOf(points, groups)
  expect(new Set(found.keys())).toEqual(new Set(plain.rows.map(({ kind }) => kind)))
  // The variance between texts is found within a thousandth.
  for (const { kind, effect, width } of plain.rows) {
    const one = found.get(kind)
    expect(one?.effect).toBeCloseTo(effect, 3)
    expect(((one?.high ?? 0) - (one?.effect ?? 0)) / width).toBeCloseTo(1, 2)
    expect((one?.effect ?? 0) - (one?.low ?? 0)).toBeCloseTo((one?.high ?? 0) - (one?.effect ?? 0), 12)
  }
  return plain.differing
}

describe('kinds of text', () => {
  test.each<[string, number, Record<string, number>, number, number]>([
    ['nothing differs', 0, {}, 0.15, 2],
    ['texts of a kind are alike', 0, {}, 0, 3],
    ['tones differ', 1, { 'tone wild': 0.8, 'tone calm': -0.3 }, 0.2, 4],
    ['a call to action differs from none', 1, { 'call go': 0.7 }, 0.25, 5],
    ['tones and lengths differ', 2, { 'tone wild': 1, 'length long': -0.9 }, 0.2, 6],
    ['all differ', 3, { 'tone wild': 1.2, 'length long': -0.9, 'call go': -0.9 }, 0.1, 7],
  ])('are told apart as whole matrices and tables of F and t tell: %s', (...given) => {
    const [, differing, effects, spread, seed] = given
    expect(compared(texts(effects, spread, seed))).toBe(differing)
  })

  test('are told apart so also where it is a close thing', () => {
    const differing = Array.from({ length: 6 }, (_, seed) =>
      compared(texts({ 'tone wild': 0.2, 'length long': 0.15 }, 0.3, 40 + seed)),
    )
    expect(new Set(differing).size).toBeGreaterThan(1)
    // Where all four tones differ, fewer of them can still be equal.
    for (let seed = 0; seed < 3; seed += 1) {
      const points = texts({ 'tone wild': 0.9, 'length long': 0.25 }, 0.3, 60 + seed)
      const four = points.map((point, id) => ({
        ...point,
        kinds: point.kinds.map((kind) => (kind === 'tone calm' && id % 2 === 0 ? 'tone kind' : kind)),
      }))
      compared(four, [[...tones, 'tone kind'], lengths, calls])
    }
  })

  test.each<[string, number, Groups, Record<string, number>]>([
    ['one attribute of three kinds', 1, [tones], {}],
    ['one of four kinds', 1, [[...tones, 'tone kind']], {}],
    ['the first of three attributes', 1, usualGroups, {}],
    ['the second of three', 2, usualGroups, { 'length long': 1 }],
    ['the last of three', 3, usualGroups, { 'length long': 1, 'call go': 1 }],
  ])('differ from the same effect on as by whole matrices: %s', (_, count, asked, others) => {
    const withEffect = (effect: number) =>
      texts({ ...others, 'tone wild': effect }, 0.25, 81).map((point, id) => ({
        ...point,
        kinds: point.kinds.map((kind) =>
          asked.length === 1 && asked[0]?.length === 4 && kind === 'tone calm' && id % 2 === 0
            ? 'tone kind'
            : kind,
        ),
      }))
    let [low, high] = [-0.2, 1.5]
    while (high - low > 0.01) {
      const middle = (low + high) / 2
      if (expected(withEffect(middle), asked).differing >= count) high = middle
      else low = middle
    }
    expect([compared(withEffect(low - 0.01), asked), compared(withEffect(high + 0.01), asked)]).toEqual([
      count - 1,
      count,
    ])
  })

  test('are compared where four texts more are there than levels and kinds', () => {
    const two = (count: number) =>
      Array.from({ length: count }, (_, id) => ({
        ...{ offer_id: id % 2, y: (id * 7) % 5, variance: 0.1 },
        kinds: [id % 4 < 2 ? 'tone calm' : 'tone urgent'],
      }))
    const asked = [['tone calm', 'tone urgent']]
    expect(effectsOf(two(7), asked).size).toBe(2)
    expect(effectsOf(two(6), asked).size).toBe(0)
    expect(effectsOf(two(7), []).size).toBe(0)
    // A kind that all have has nothing to be compared with.
    const same = two(9).map((point) => ({ ...point, kinds: ['tone calm'] }))
    expect(effectsOf(same, [['tone calm']]).size).toBe(0)
  })

  test('count once where a text names one twice, and not where they are not asked about', () => {
    const points = texts({ 'tone wild': 0.5 }, 0.1, 9)
    const twice = points.map((point) => ({ ...point, kinds: [...point.kinds, ...point.kinds, 'other'] }))
    expect(effectsOf(twice, usualGroups)).toEqual(effectsOf(points, usualGroups))
  })
})

describe('rows of kinds', () => {
  const random = seeded(11)
  /** Ten texts with one tone and five with each of two others, one with none; of two lengths, of which one is rare. */
  const texts: EvidenceText[] = Array.from({ length: 21 }, (_, id) => ({
    ...{ variation_id: id, offer_id: 1 + (id % 3), approved: true },
    tone: id < 10 ? 'calm' : id < 15 ? 'wild' : id < 20 ? 'bright' : null,
    length_category: id < 17 ? 'short' : 'long',
    cta_text: 'Go',
  }))
  const offers = [...Map.groupBy(texts, ({ offer_id }) => offer_id)].map(([offer_id, own]) => ({
    ...{ offer_id, shape: 10, rate: 500, shared: 0 },
    variations: own.map((variation) => {
      const n = variation.variation_id === 3 ? 0 : 900 + 50 * variation.variation_id
      const k = n * 0.02 * (variation.tone === 'wild' ? 1.6 : 1) * (0.9 + 0.2 * random())
      return {
        ...{ variation, sent: true, evidence: { k, n }, belief: { a: 1, b: 1 }, expected: { a: 1, b: 1 } },
        ...{ mean: 0.02, drift: 0 },
        interval: [0, 1] satisfies [number, number],
        ...{ beside: () => ({ k, n }), driftAgainst: () => 0, smallerThan: () => false },
      }
    }),
  }))
  const counts = { sends: 2, complete: 1, recipients: 1_000, clickers: 20, crowded: 0 }
  const found = compareTexts(offers, 0.025, () => counts)
  const known = offers.flatMap(({ variations }) => variations).filter(({ evidence }) => evidence.n > 0)

  test('have the lifts of kinds with five texts that not all have, each beside the other attributes', () => {
    const effects = effectsOf(
      known.map(({ variation, evidence: { k, n } }) => ({
        offer_id: variation.offer_id,
        // The rate with half a click more, of as many recipients as that takes.
        y: Math.log((k + 0.5) / (n + 20)),
        variance: 1 / (k + 0.5),
        kinds: [`t${variation.tone}`, `l${variation.length_category}`],
      })),
      [['tcalm', 'twild', 'tbright'], ['lshort']],
    )
    const round = (value: number) => Number(Math.exp(value).toFixed(3))
    for (const { value, lift, interval } of found.tone) {
      const effect = effects.get(`t${value}`)
      expect(lift).toBe(round(effect?.effect ?? 9))
      expect(interval).toEqual([round(effect?.low ?? 9), round(effect?.high ?? 9)])
    }
    expect(found.length_category.map(({ value, lift }) => [value, lift === null])).toEqual([
      ['short', false],
      ['long', true],
    ])
    expect(found.cta_text).toMatchObject([{ value: 'Go', lift: null, interval: null }])
  })

  test('come best first, those without a lift last, and alike ones by their names', () => {
    expect(found.tone[0]?.value).toBe('wild')
    const lifts = found.tone.map(({ lift }) => lift ?? 0)
    expect(lifts).toEqual(lifts.toSorted((one, other) => other - one))
    const few = offers.map((offer) => ({ ...offer, variations: offer.variations.slice(-2) }))
    const { tone } = compareTexts(few, 0.025, () => counts)
    expect(tone.map(({ value, lift }) => [value, lift])).toEqual(
      [
        ['bright', null],
        ['wild', null],
      ].filter(([value]) => tone.some((row) => row.value === value)),
    )
  })

  test('have the rate of their texts together, beside a click at the mean of all, and what was counted', () => {
    for (const { value, smoothed_ctr, variations, sends, recipients, clickers } of found.tone) {
      const own = known.filter(({ variation }) => variation.tone === value)
      const [k, n] = [
        own.reduce((sum, { evidence }) => sum + evidence.k, 1),
        own.reduce((sum, { evidence }) => sum + evidence.n, 40),
      ]
      expect(smoothed_ctr).toBe(Number(((100 * k) / n).toFixed(3)))
      expect([variations, sends, recipients, clickers]).toEqual([
        own.length,
        own.length * 2,
        own.length * 1_000,
        own.length * 20,
      ])
    }
    expect(found.tone.map(({ variations }) => variations).toSorted((one, other) => one - other)).toEqual([
      5, 5, 9,
    ])
  })
})
