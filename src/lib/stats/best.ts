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
 * The chance of each to be the best, and what choosing it would cost (Stucchio 2015): the integral of one density times the others' distribution functions, on a grid of the logarithm that is finer than the
 * narrowest density. For pairs and for many alike: 10,000 draws would be right to 0.005 at best, this to 0.0001.
 */
export function chancesOf<One extends Belief>(beliefs: readonly One[]): (One & Chance)[] {
  const curves = beliefs.map(curveOf)
  const low = Math.min(...curves.map(({ centre, spread }) => centre - reach * spread))
  const high = Math.min(0, Math.max(...curves.map(({ centre, spread }) => centre + reach * spread)))
  const narrowest = Math.min(...curves.map(({ spread }) => spread))
  const wanted = Math.ceil((2 * (high - low)) / narrowest)
  const points = Math.min(mostPoints, Math.max(leastPoints, wanted))
  const step = (high - low) / points
  const grid = Array.from({ length: points }, (_, point) => pointAt(low + (point + 0.5) * step))
  for (const point of grid) for (const curve of curves) curve.total += weightOf(curve, point)
  let bestMean = 0
  for (const point of grid) {
    for (const curve of curves) {
      curve.here = weightOf(curve, point) / curve.total
      curve.below += curve.here
    }
    for (const curve of curves) {
      const wins = curve.here * belowWithin(curves, curve)
      curve.best += wins
      bestMean += wins * point.rate
    }
  }
  return curves.map(({ belief, best, mean }) => ({
    ...belief,
    best: Math.min(1, best),
    loss: Math.max(0, bestMean - mean),
  }))
}

/**
 * The probability that all others lie below, on average over a step of the grid, where each distribution function rises
 * evenly: by Simpson's rule, which is exact for up to three others.
 */
function belowWithin(curves: readonly { here: number; below: number }[], own: object): number {
  let start = 1
  let middle = 1
  let end = 1
  for (const other of curves) {
    if (other === own) continue
    start *= other.below - other.here
    middle *= other.below - other.here / 2
    end *= other.below
  }
  return (start + 4 * middle + end) / 6
}

/** A belief's density on the grid, and what is summed up of it on the way. */
function curveOf<One extends Belief>(belief: One) {
  const { a, b } = belief
  const mean = meanOf(belief)
  const spread = Math.sqrt((1 - mean) / (mean * (a + b + 1)))
  const centre = Math.log(mean)
  const top = a * centre + b * Math.log1p(-mean)
  return { belief, a, b, mean, centre, spread, top, total: 0, here: 0, below: 0, best: 0 }
}

type Point = { log: number; rate: number; logRest: number }

function pointAt(log: number): Point {
  const rate = Math.exp(log)
  return { log, rate, logRest: Math.log1p(-rate) }
}

/** The logarithm's density, x^a (1−x)^(b−1), but for what is constant. */
const weightOf = ({ a, b, top }: Belief & { top: number }, { log, logRest }: Point): number =>
  Math.exp(a * log + (b - 1) * logRest - top)
