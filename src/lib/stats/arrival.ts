import { at } from './at.ts'
import { withoutBursts } from './bursts.ts'

/** Hours after a send by whose end its clickers are counted; after the last one next to nobody comes. */
export const marks = [1, 2, 3, 6, 12, 24, 48, 72] as const

/** How a site's clickers arrive. */
export type Curve = {
  /** Of those of the first three days, the share that has come by each of `marks`. */
  shares: readonly number[]
  /** Variance of the logit of a share from send to send, and of the curve itself, which is not known exactly. */
  variance: number
}

/** Clickers of a send by each of `marks`, and its age in days. */
type Arriving = { age: number; clickers_by: readonly number[] }

const lastMark = 72
const last = marks.length - 1
/** Log-logistic, half within four hours, before a site has shown its own; it weighs as much as so many sends. */
const prior = { median: 4, slope: 1.3, sends: 4, variance: 0.15, ofCurve: 0.2 }
/** The share is that of clickers of three days, of whom the prior curve has so many. */
const whole = 1 / (1 + (prior.median / lastMark) ** prior.slope)
/** A send with so many clickers says half as much of the curve as one with any number. */
const halfSaid = 20
/** The newest sends that say all there is to say, of a site that goes on as it is. */
const enough = 800
/** Marks at which sends are told apart: later ones differ by little, and say the same. */
const telling = [0, 2, 3, 4]

const usualShares = marks.map((hours) => 1 / (1 + (prior.median / hours) ** prior.slope) / whole)

/**
 * The curve of arrival, pooled over the newest sends that are older than three days and drawn towards a usual
 * one (Chapelle 2014 and Vernade et al. 2017 take the distribution of delays as a thing to be learned). How
 * much sends differ is found by the method of moments, as for the dispersion of days.
 */
export function curveOf(sends: readonly Arriving[]): Curve {
  const sums = usualShares.map((share) => prior.sends * share)
  let weights = prior.sends
  const old = withoutBursts(
    sends.filter(({ age, clickers_by }) => age > 3 && at(clickers_by, last) > 0).slice(-enough),
  )
  for (const { clickers_by } of old) {
    const all = at(clickers_by, last)
    const weight = all / (all + halfSaid)
    weights += weight
    for (let mark = 0; mark < sums.length; mark += 1)
      sums[mark] = at(sums, mark) + (weight * at(clickers_by, mark)) / all
  }
  const shares = sums.map((sum) => sum / weights)
  let spreads = prior.sends * prior.variance
  for (const { clickers_by } of old) {
    const all = at(clickers_by, last)
    for (const mark of telling) {
      const share = at(shares, mark)
      const scale = share * (1 - share)
      const excess = ((at(clickers_by, mark) / all - share) ** 2 - scale / all) / scale ** 2
      spreads += ((all / (all + halfSaid)) * Math.min(1, excess)) / telling.length
    }
  }
  const between = Math.max(0.01, spreads / weights)
  return { shares, variance: between + (prior.ofCurve * prior.sends) / weights + between / weights }
}

/**
 * The share of a send's clickers that has come at an age in days, and the variance of its logarithm. Between
 * marks the curve is log-logistic, before the first one it goes on as the usual curve does.
 */
export function arrived(age: number, { shares, variance }: Curve): { share: number; variance: number } {
  const hours = age * 24
  if (hours >= lastMark) return { share: 1, variance: 0 }
  if (hours <= 0) return { share: 0, variance }
  const next = marks.findIndex((mark) => hours < mark)
  const after = logitAt(shares, next)
  const to = Math.log(at(marks, next))
  const slope =
    next === 0 ? prior.slope : (after - logitAt(shares, next - 1)) / (to - Math.log(at(marks, next - 1)))
  const share = Math.min(1, 1 / (1 + Math.exp(-(after + slope * (Math.log(hours) - to)))) / whole)
  return { share, variance: (1 - share) ** 2 * variance }
}

function logitAt(shares: readonly number[], mark: number): number {
  const share = Math.min(1 - 1e-6, Math.max(1e-6, at(shares, mark) * whole))
  return Math.log(share / (1 - share))
}
