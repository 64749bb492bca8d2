import { betaCdf, betaQuantile } from './beta.ts'

/** A text: the offer whose mean it is compared with, the logarithm of its rate, that one's variance, and its kinds. */
export type Point = { offer_id: number; y: number; variance: number; kinds: readonly string[] }

/** What a kind does to the logarithm of a rate, against the average text, with the limits of its interval. */
export type Effect = { effect: number; low: number; high: number }

const falseShare = 0.05
/** Beforehand a kind changes rates by a factor of e either way: this much is always solvable. */
const ridge = 1
const rounds = 12
const fewestFreedom = 4

/**
 * The effects of kinds of text, all in one regression within offers, so that kinds that come together are told apart. Texts are
 * a sample of those that could be written (Clark 1973): each has an effect of its own, whose variance is found so that what is left
 * over is as large as it should be (Paule & Mandel 1982; DerSimonian & Laird 1986). Of all rows that are called different, one
 * in twenty may be wrong (Benjamini & Hochberg 1995), and intervals are as wide as that needs (Benjamini & Yekutieli 2005), so that those
 * that do not hold 1 are the ones called different. `groups` are the kinds of each attribute. Empty where there are too few texts.
 */
export function effectsOf(
  points: readonly Point[],
  groups: readonly (readonly string[])[],
): Map<string, Effect> {
  const kinds = groups.flat()
  const offers = new Set(points.map(({ offer_id }) => offer_id)).size
  const freedom = points.length - offers - kinds.length
  if (kinds.length === 0 || freedom < fewestFreedom) return new Map()
  const fitted = regress(points, kinds, ownVariance(points, kinds, freedom))
  const rows = groups.flatMap((group) => {
    const shares = kinds.map((kind) =>
      group.includes(kind) ? points.filter((point) => point.kinds.includes(kind)).length / points.length : 0,
    )
    return group.map((kind) => {
      const contrast = shares.map((share, place) => Number(kinds[place] === kind) - share)
      const effect = dot(contrast, fitted.effects)
      const error = Math.sqrt(
        dot(
          contrast,
          fitted.inverse.map((row) => dot(row, contrast)),
        ),
      )
      return { kind, effect, error, p: tailsOf(effect / error, freedom) }
    })
  })
  const sorted = rows.map(({ p }) => p).toSorted((one, other) => one - other)
  const found = sorted.findLastIndex((p, place) => p <= (falseShare * (place + 1)) / rows.length) + 1
  const least = (falseShare * found) / rows.length
  return new Map(
    rows.map(({ kind, effect, error, p }) => {
      const share = found > 0 && p <= least ? least : (falseShare * (found + 1)) / rows.length
      const reach = error * reachOf(Math.min(falseShare, share), freedom)
      return [kind, { effect, low: effect - reach, high: effect + reach }]
    }),
  )
}

/** The variance of texts that no kind explains. */
function ownVariance(points: readonly Point[], kinds: readonly string[], freedom: number): number {
  let low = 0
  let high = 1
  if (regress(points, kinds, 0).left <= freedom) return 0
  for (let round = 0; round < rounds; round += 1) {
    const middle = round === 0 ? 0.05 : (low + high) / 2
    if (regress(points, kinds, middle).left > freedom) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** Weighted least squares within offers. `left` is what is left over, in squared standard deviations. */
function regress(points: readonly Point[], kinds: readonly string[], own: number) {
  const weighed = points.map((point) => ({
    ...point,
    weight: 1 / (point.variance + own),
    x: kinds.map((kind) => Number(point.kinds.includes(kind))),
  }))
  const matrix: number[][] = kinds.map((_, row) => kinds.map((_, column) => (row === column ? ridge : 0)))
  const right: number[] = kinds.map(() => 0)
  const within = [...Map.groupBy(weighed, ({ offer_id }) => offer_id).values()].flatMap((texts) => {
    const all = texts.reduce((sum, { weight }) => sum + weight, 0)
    const mean = (pick: (text: (typeof texts)[number]) => number) =>
      texts.reduce((sum, text) => sum + text.weight * pick(text), 0) / all
    const means = kinds.map((_, place) => mean(({ x }) => x[place] ?? 0))
    const level = mean(({ y }) => y)
    return texts.map(({ x, y, weight }) => ({
      x: x.map((value, place) => value - (means[place] ?? 0)),
      y: y - level,
      weight,
    }))
  })
  for (const { x, y, weight } of within)
    for (const [row, value] of x.entries()) {
      const line = matrix[row]
      if (!line || value === 0) continue
      right[row] = (right[row] ?? 0) + weight * value * y
      for (const [column, other] of x.entries()) line[column] = (line[column] ?? 0) + weight * value * other
    }
  const inverse = invert(matrix)
  const effects = inverse.map((row) => dot(row, right))
  const left = within.reduce((sum, { x, y, weight }) => sum + weight * (y - dot(x, effects)) ** 2, 0)
  return { inverse, effects, left }
}

const dot = (one: readonly number[], other: readonly number[]): number =>
  one.reduce((sum, value, place) => sum + value * (other[place] ?? 0), 0)

/** Of a positive definite matrix, by Gauss and Jordan. */
function invert(matrix: readonly (readonly number[])[]): number[][] {
  const rows: number[][] = matrix.map((row, place) => [
    ...row,
    ...matrix.map((_, column) => Number(column === place)),
  ])
  for (const [place, pivot] of rows.entries()) {
    const scale = pivot[place] ?? 1
    for (const [column, value] of pivot.entries()) pivot[column] = value / scale
    for (const other of rows) {
      const factor = other === pivot ? 0 : (other[place] ?? 0)
      if (factor === 0) continue
      for (const [column, value] of pivot.entries()) other[column] = (other[column] ?? 0) - factor * value
    }
  }
  return rows.map((row) => row.slice(matrix.length))
}

/** The probability that a t variable is further from 0 on either side. */
const tailsOf = (t: number, freedom: number): number =>
  betaCdf(freedom / (freedom + t ** 2), freedom / 2, 0.5)

/** How far a t variable is from 0 with a probability. */
function reachOf(probability: number, freedom: number): number {
  const x = betaQuantile(probability, freedom / 2, 0.5)
  return Math.sqrt((freedom * (1 - x)) / x)
}
