import { type Belief, meanOf } from './posterior.ts'

export type Chance = {
  /** That none of the others is better, 0 to 1. */
  best: number
  /** By how much the best is better on average, as a difference of rates. */
  loss: number
}

const leastPoints = 1_000
const mostPoints = 8_000
const reach = 9

/**
 * The chance of each to be the best, and what choosing it would cost (Stucchio 2015): the integral of one density times
 * the others' distribution functions, on a grid of the logarithm that is finer than the narrowest density.
 */
export function chancesOf(beliefs: readonly Belief[]): Chance[] {
  const shapes = beliefs.map((belief) => {
    const mean = meanOf(belief)
    const spread = Math.sqrt((1 - mean) / (mean * (belief.a + belief.b + 1)))
    return { ...belief, centre: Math.log(mean), spread }
  })
  const low = Math.min(...shapes.map(({ centre, spread }) => centre - reach * spread))
  const high = Math.min(0, Math.max(...shapes.map(({ centre, spread }) => centre + reach * spread)))
  const narrowest = Math.min(...shapes.map(({ spread }) => spread))
  const wanted = Math.ceil((2 * (high - low)) / narrowest)
  const points = Math.min(mostPoints, Math.max(leastPoints, wanted))
  const step = (high - low) / points
  const at = (point: number) => low + (point + 0.5) * step
  const densities = shapes.map((shape) => densityOn(shape, points, at))
  const below = densities.map(cumulated)
  const product = (point: number, except?: number) =>
    below.reduce((all, one, index) => (index === except ? all : all * (one[point] ?? 1)), 1)
  let bestMean = 0
  for (let point = 0; point < points; point += 1) {
    const x = Math.exp(at(point))
    densities.forEach((density, index) => {
      bestMean += x * (density[point] ?? 0) * product(point, index)
    })
  }
  return beliefs.map((belief, index) => {
    let best = 0
    for (let point = 0; point < points; point += 1)
      best += (densities[index]?.[point] ?? 0) * product(point, index)
    return { best: Math.min(1, best), loss: Math.max(0, bestMean - meanOf(belief)) }
  })
}

/** Weights of the points of the grid; they sum to 1. */
function densityOn(
  { a, b, centre }: Belief & { centre: number },
  points: number,
  at: (point: number) => number,
): Float64Array {
  const weights = new Float64Array(points)
  const top = a * centre + b * Math.log1p(-Math.exp(centre))
  let sum = 0
  for (let point = 0; point < points; point += 1) {
    const y = at(point)
    // The logarithm's density: x^a (1−x)^(b−1), times what is constant.
    const weight = Math.exp(a * y + (b - 1) * Math.log1p(-Math.exp(y)) - top)
    weights[point] = weight
    sum += weight
  }
  return weights.map((weight) => weight / sum)
}

/** The distribution function in the middle of each point. */
function cumulated(weights: Float64Array): Float64Array {
  let sum = 0
  return weights.map((weight) => {
    sum += weight
    return sum - weight / 2
  })
}
