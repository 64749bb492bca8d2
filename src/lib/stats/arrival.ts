import { at, numberAt } from './at.ts'
import {
  type ArrivingPart,
  chanceOfBurst,
  excessOf,
  type FirstHours,
  firstHoursOf,
  halfSaid,
  wholesOf,
} from './bursts.ts'

/** Hours after a send at which its clickers are counted; hardly anybody clicks after the last one. */
export const marks = [1, 2, 3, 6, 12, 24, 48, 72] as const

/** How soon a site's clickers arrive after a send. */
export type Curve = {
  /** Share of the clickers of the first three days that has arrived by each of `marks`. */
  shares: readonly number[]
  /** Variance of the logit of a share from send to send, and that of the estimated curve itself. */
  variance: number
  /** What the site's own sends show of the first hour; nothing while they are too few. */
  first: FirstHours | undefined
}

/** A part of a send with its age in days. */
type Arriving = ArrivingPart & { age: number }

const lastMark = 72
const last = marks.length - 1
/** The prior curve: log-logistic, half within four hours. It weighs as much as this many sends. */
const prior = { median: 4, slope: 1.3, sends: 4, variance: 0.15, ofCurve: 0.2 }
/** Shares refer to the clickers of three days; this share of the prior curve falls into them. */
const whole = 1 / (1 + (prior.median / lastMark) ** prior.slope)
/** Number of newest sends that the curve is estimated from. */
const enough = 800
/** Marks used for the variance between sends: at later ones they hardly differ. */
const telling = [0, 2, 3, 4]

const usualShares = marks.map((hours) => 1 / (1 + (prior.median / hours) ** prior.slope) / whole)

/**
 * The curve of arrival, pooled over the newest sends that are older than three days and drawn towards a usual one
 * (learning the distribution of delays: Chapelle 2014, Vernade et al. 2017). The variance between sends is estimated by
 * the method of moments, like the dispersion of days.
 */
export function curveOf(sends: readonly Arriving[]): Curve {
  const sums = usualShares.map((share) => prior.sends * share)
  let weights = prior.sends
  const old = sends.filter(({ age, clickers_by }) => age > 3 && at(clickers_by, last) > 0).slice(-enough)
  const wholes = wholesOf(old)
  const first = firstHoursOf([...wholes.values()])
  const weightOf = Float64Array.from(old, ({ newsletter_send_id, clickers_by }) => {
    const send = first && wholes.get(newsletter_send_id)
    const ordinary = send ? 1 - chanceOfBurst(send, first) : 1
    return (ordinary * at(clickers_by, last)) / (at(clickers_by, last) + halfSaid)
  })
  for (const [place, { clickers_by }] of old.entries()) {
    const weight = numberAt(weightOf, place)
    weights += weight
    for (let mark = 0; mark < sums.length; mark += 1)
      sums[mark] = at(sums, mark) + (weight * at(clickers_by, mark)) / at(clickers_by, last)
  }
  const shares = sums.map((sum) => sum / weights)
  let spreads = prior.sends * prior.variance
  for (const [place, { clickers_by }] of old.entries()) {
    const all = at(clickers_by, last)
    for (const mark of telling) {
      const excess = excessOf(at(clickers_by, mark) / all, at(shares, mark), all)
      spreads += (numberAt(weightOf, place) * excess) / telling.length
    }
  }
  const between = Math.max(0.01, spreads / weights)
  return {
    shares,
    variance: between + (prior.ofCurve * prior.sends) / weights + between / weights,
    first,
  }
}

/**
 * The share of a send's clickers that has arrived at an age in days, and the variance of its logarithm. Between marks
 * the curve is log-logistic; before the first mark it follows the prior curve.
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
