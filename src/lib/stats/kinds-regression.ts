import { at } from './at.ts'
import { betaCdf, betaQuantile } from './beta.ts'
import { invert } from './matrix.ts'

/** A text: its offer, whose mean it is compared with, the logarithm of its rate with its variance, and its kinds. */
export type TextRate = { offer_id: number; y: number; variance: number; kinds: readonly string[] }

/** The effect of a kind on the logarithm of a rate, relative to the average text, with its interval. */
export type Effect = { effect: number; low: number; high: number }

/** Familywise error rate: how often a page may report a difference that does not exist. */
const falsePages = 0.07
/** No interval holds a kind's effect with less than 95 %. */
const mostOutside = 0.05
/** Prior: a kind changes rates by a factor of e either way, which keeps the regression solvable. */
const ridge = 1
const rounds = 12
const fewestFreedom = 4

/**
 * The effects of kinds of text, in one regression within offers, so that correlated kinds are separated. Texts are a
 * sample of those that could be written (Clark 1973): each has a random effect, whose variance makes the residuals as
 * large as expected (Paule & Mandel 1982; DerSimonian & Laird 1986). First, each attribute is tested for any difference
 * between its kinds (an F test, corrected by Holm 1979), then for which kinds differ: if not all are equal, fewer
 * equalities are possible (Shaffer 1986). Intervals without 0 are those of kinds that differ; if nothing differs, they
 * are those of Scheffé 1953, which agree with the F test. `groups` are the kinds of each attribute. Empty if there are
 * too few texts.
 */
export function effectsOf(
  points: readonly TextRate[],
  groups: readonly (readonly string[])[],
): Map<string, Effect> {
  const kinds = groups.flat()
  const named = groups.map((group) => countOf(group, points)).filter(({ rank }) => rank > 0)
  const freedom =
    points.length -
    new Set(points.map(({ offer_id }) => offer_id)).size -
    named.reduce((sum, { rank }) => sum + rank, 0)
  if (kinds.length === 0 || freedom < fewestFreedom) return new Map()
  const texts = textsOf(points, kinds)
  const { effects, inverse } = regress(texts, kinds.length, ownVariance(texts, kinds.length, freedom))
  const tested = named
    .map(({ group, shares, rank }) => {
      const contrasts = group.map((own) =>
        kinds.map((kind) => Number(kind === own) - (shares.get(kind) ?? 0)),
      )
      const rows = contrasts.map((contrast) => dot(contrast, effects))
      const spread = contrasts.map((one) => {
        const image = inverse.map((row) => dot(row, one))
        return Float64Array.from(contrasts, (other) => dot(other, image))
      })
      const free = rows.slice(0, rank)
      const precision = spread.slice(0, rank).map((row) => row.slice(0, rank))
      invert(precision)
      const f =
        dot(
          precision.map((row) => dot(row, free)),
          free,
        ) / rank
      return {
        group,
        rank,
        rows,
        errors: spread.map((row, place) => Math.sqrt(at(row, place))),
        p: tailOf(f, rank, freedom),
      }
    })
    .toSorted((one, other) => one.p - other.p)
  let differing = 0
  for (const { p } of tested) {
    if (p > falsePages / (tested.length - differing)) break
    differing += 1
  }
  return new Map(
    tested.flatMap(({ group, rank, rows, errors }, place) => {
      const differs = place < differing
      const level = falsePages / (differs ? Math.max(1, rank - 1) : tested.length - differing)
      const reach = reachOf(Math.min(mostOutside, level), differs ? 1 : rank, freedom)
      return group.map((kind, row) => {
        const [effect, width] = [at(rows, row), reach * at(errors, row)]
        return [kind, { effect, low: effect - width, high: effect + width }] as const
      })
    }),
  )
}

/** The share of texts of each kind of an attribute, and its number of independent contrasts. */
function countOf(group: readonly string[], points: readonly TextRate[]) {
  const shares = new Map(
    group.map((kind) => [kind, points.filter((point) => point.kinds.includes(kind)).length / points.length]),
  )
  const all = points.every((point) => group.some((kind) => point.kinds.includes(kind)))
  return { group, shares, rank: group.length - Number(all) }
}

/** The variance between texts that no kind explains. */
function ownVariance(offers: Texts, kinds: number, freedom: number): number {
  let low = 0
  let high = 1
  if (regress(offers, kinds, 0).left <= freedom) return 0
  for (let round = 0; round < rounds; round += 1) {
    const middle = round === 0 ? 0.05 : (low + high) / 2
    if (regress(offers, kinds, middle).left > freedom) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** Texts by offer, with the indexes of their kinds. */
type Texts = readonly (readonly { y: number; variance: number; places: readonly number[] }[])[]

const textsOf = (points: readonly TextRate[], kinds: readonly string[]): Texts =>
  [...Map.groupBy(points, ({ offer_id }) => offer_id).values()].map((own) =>
    own.map(({ y, variance, kinds: names }) => ({
      y,
      variance,
      places: [...new Set(names)].map((name) => kinds.indexOf(name)).filter((place) => place >= 0),
    })),
  )

/**
 * Weighted least squares within offers. `left` is the weighted sum of squared residuals. Sums of squares and products
 * about an offer's means are those about 0 minus those of the means.
 */
function regress(offers: Texts, kinds: number, own: number) {
  const matrix = Array.from({ length: kinds }, (_, row) => {
    const line = new Float64Array(kinds)
    line[row] = ridge
    return line
  })
  const right = new Float64Array(kinds)
  let squares = 0
  for (const texts of offers) {
    const sums = new Float64Array(kinds)
    let all = 0
    let level = 0
    for (const { y, variance, places } of texts) {
      const weight = 1 / (variance + own)
      all += weight
      level += weight * y
      for (const place of places) sums[place] = at(sums, place) + weight
    }
    level /= all
    for (const { y, variance, places } of texts) {
      const weight = 1 / (variance + own)
      squares += weight * (y - level) ** 2
      for (const place of places) right[place] = at(right, place) + weight * (y - level)
      for (const [row, line] of matrix.entries())
        if (places.includes(row)) for (const other of places) line[other] = at(line, other) + weight
    }
    for (const [row, line] of matrix.entries())
      for (let column = 0; column < kinds; column += 1)
        line[column] = at(line, column) - (at(sums, row) * at(sums, column)) / all
  }
  invert(matrix)
  const effects = matrix.map((row) => dot(row, right))
  return { inverse: matrix, effects, left: squares - dot(effects, right) - ridge * dot(effects, effects) }
}

function dot(one: ArrayLike<number>, other: ArrayLike<number>): number {
  let sum = 0
  for (let place = 0; place < one.length; place += 1) sum += at(one, place) * at(other, place)
  return sum
}

/** The upper tail probability of the F distribution. */
const tailOf = (f: number, rank: number, freedom: number): number =>
  betaCdf(freedom / (freedom + rank * f), freedom / 2, rank / 2)

/**
 * The number of standard errors that all contrasts of a rank stay within, except with a given probability; for rank 1,
 * a t quantile.
 */
function reachOf(probability: number, rank: number, freedom: number): number {
  const x = betaQuantile(probability, freedom / 2, rank / 2)
  return Math.sqrt((freedom * (1 - x)) / x)
}
