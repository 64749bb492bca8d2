import { at } from './at.ts'
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
  const texts = textsOf(points, kinds)
  const fitted = regress(texts, kinds.length, ownVariance(texts, kinds.length, freedom))
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

/** Texts, offer by offer, with the places of the kinds that they have. */
type Texts = readonly (readonly { y: number; variance: number; places: readonly number[] }[])[]

const textsOf = (points: readonly Point[], kinds: readonly string[]): Texts =>
  [...Map.groupBy(points, ({ offer_id }) => offer_id).values()].map((own) =>
    own.map(({ y, variance, kinds: names }) => ({
      y,
      variance,
      places: [...new Set(names)].map((name) => kinds.indexOf(name)).filter((place) => place >= 0),
    })),
  )

/**
 * Weighted least squares within offers. `left` is what is left over, in squared standard deviations. Sums of squares and
 * products about the means of an offer are those about 0 without those of the means.
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
  const inverse = invert(matrix)
  const effects = inverse.map((row) => dot(row, right))
  return { inverse, effects, left: squares - dot(effects, right) - ridge * dot(effects, effects) }
}

function dot(one: ArrayLike<number>, other: ArrayLike<number>): number {
  let sum = 0
  for (let place = 0; place < one.length; place += 1) sum += at(one, place) * at(other, place)
  return sum
}

/** Of a positive definite matrix, by Gauss and Jordan. */
function invert(matrix: readonly Float64Array[]): Float64Array[] {
  const size = matrix.length
  const rows = matrix.map((row, place) => {
    const wide = new Float64Array(2 * size)
    wide.set(row)
    wide[size + place] = 1
    return wide
  })
  for (const [place, pivot] of rows.entries()) {
    const scale = at(pivot, place)
    for (let column = 0; column < pivot.length; column += 1) pivot[column] = at(pivot, column) / scale
    for (const other of rows) {
      const factor = other === pivot ? 0 : at(other, place)
      if (factor === 0) continue
      for (let column = 0; column < other.length; column += 1)
        other[column] = at(other, column) - factor * at(pivot, column)
    }
  }
  return rows.map((row) => row.subarray(size))
}

/** The probability that a t variable is further from 0 on either side. */
const tailsOf = (t: number, freedom: number): number =>
  betaCdf(freedom / (freedom + t ** 2), freedom / 2, 0.5)

/** How far a t variable is from 0 with a probability. */
function reachOf(probability: number, freedom: number): number {
  const x = betaQuantile(probability, freedom / 2, 0.5)
  return Math.sqrt((freedom * (1 - x)) / x)
}
