import { numberAt } from './at.ts'
import type { Evidence } from './dispersion.ts'

/** What robust estimates need of a part of a send, and what they find. */
export type WeightedPart = Evidence & {
  variation_id: number
  newsletter_send_id: string
  /** Variance of the logarithm of the share of its clickers that has come. */
  lag: number
  /** The same of their number, where it is not sure who of them are people. */
  unsure: number
  /** What it counts, 0 to 1. */
  weight: number
  /** How far its rate is off the usual one of its text at its time, on the scale of logarithms ... */
  off: number
  /** ... the variance that chance alone gives it ... */
  noise: number
  /** ... and what of it all parts of the send have in common. */
  common: number
  /** Variances to count with on account of that, of the part and of the send; 0 if it is within what is usual. */
  extraOwn: number
  extraOfSend: number
  /** Whether it is so far off that it is doubted. */
  doubted: boolean
}

/** How many sends next to a send show the usual rate of its text. */
const window = 9
/** Beyond this many standard deviations a send counts for less the further it is away. */
const usualReach = 2.35
/** A send is doubted where it is off by this factor, and counts for less by a tenth or more: at 2.5 deviations. */
const doubtedFactor = Math.log(2.2)
const visible = 1 / 9
/** Of a normal variable, the standard deviation by the median of its absolute value. */
const byMedian = 1.4826
const leastSpread = 0.15
const ownSpread = 0.12
const daySpread = 0.3
/** Closer to 0 it makes no difference, and a quotient of nearly nothing would be wrong. */
const hardlyOff = -1e-3

/**
 * Finds sends that are far from their neighbours: a report with wrong recipients, a day that went viral,
 * machines that posed as people. Medians find them, since sums would follow them; a variance of their own as
 * large as their distance then bounds what they do (a scale mixture of normals, as in the t model of Lange,
 * Little & Taylor 1989). `parts` are in the order of their time; what is found is written into them.
 */
export function findDeviations(parts: readonly WeightedPart[], pool: number): void {
  for (const own of Map.groupBy(parts, ({ variation_id }) => variation_id).values()) findOffs(own, pool)
  const sends = [...Map.groupBy(parts, ({ newsletter_send_id }) => newsletter_send_id).values()]
  for (const own of sends) {
    const common = commonOf(own)
    for (const part of own) part.common = common
  }
  const far = Float64Array.from(parts, (part) => Math.abs(part.common)).sort()
  const spread = Math.max(leastSpread, byMedian * numberAt(far, far.length >> 1))
  for (const own of sends) judgeSend(own, spread)
}

function judgeSend(parts: readonly WeightedPart[], spread: number): void {
  let known = 0
  let lag = 0
  for (const part of parts) {
    known += 1 / part.noise
    lag = Math.max(lag, part.lag)
  }
  for (const part of parts) {
    const own = part.off - part.common
    const expected = Math.exp(Math.min(0, part.common)) / part.noise
    const ofSend = spread ** 2 + chanceOf(part.common, known) + lag
    const ofPart = ownSpread ** 2 + chanceOf(own, expected) + 1 / known + lag
    part.extraOfSend = beyond(part.common, ofSend)
    part.extraOwn = Math.abs(own) > doubtedFactor ? beyond(own, ofPart) : 0
    part.doubted =
      (Math.abs(part.common) > doubtedFactor && part.extraOfSend > visible * ofSend) ||
      part.extraOwn > visible * ofPart
  }
}

/**
 * The variance that chance alone gives the logarithm of a rate where so many clickers are expected. Fewer are as many
 * standard deviations off as their deviance residual says, which is nearly normal with half a count added (Pierce &
 * Schafer 1986): logarithms would make it unusual that nobody clicks where three are expected, which happens in one
 * send of twenty.
 */
export function chanceOf(off: number, expected: number): number {
  if (off > hardlyOff) return 1 / expected
  const deviance = 2 * (off * Math.exp(off) - Math.expm1(off))
  return off ** 2 / deviance / expected
}

/** What is added to the variance of a distance beyond what is usual. */
const beyond = (off: number, variance: number): number => Math.max(0, (off / usualReach) ** 2 - variance)

/** Doubts a part for another reason, which is this far off; it counts for less, too, if it is not left out. */
export function doubt(part: WeightedPart, off: number): void {
  part.off = off
  part.extraOwn = (off / usualReach) ** 2
  part.doubted = true
}

/** The logarithms of the rates, where one without clicks has one as well. */
export const logRates = (parts: readonly WeightedPart[], pool: number): Float64Array =>
  Float64Array.from(parts, ({ k, n }) => Math.log((k + 0.5) / (n + 0.5 / pool)))

/** Of one text's parts: how far each is off the median of its neighbours. */
function findOffs(own: readonly WeightedPart[], pool: number): void {
  const rates = logRates(own, pool)
  const near = new Float64Array(Math.min(window, own.length))
  let first = -1
  let level = 0
  for (const [place, part] of own.entries()) {
    const from = Math.max(0, Math.min(place - (window >> 1), own.length - window))
    if (from !== first) {
      first = from
      level = medianOf(rates, from, near)
    }
    part.off = numberAt(rates, place) - level
    part.noise = 1 / (part.n * Math.exp(level) + 0.5)
  }
}

/** The median of as many values as `near` has room for: they are sorted into it one by one, which is fast for few. */
function medianOf(values: Float64Array, from: number, near: Float64Array): number {
  for (let count = 0; count < near.length; count += 1) {
    const value = numberAt(values, from + count)
    let place = count
    for (; place > 0 && numberAt(near, place - 1) > value; place -= 1) near[place] = numberAt(near, place - 1)
    near[place] = value
  }
  const upper = numberAt(near, near.length >> 1)
  return near.length % 2 === 1 ? upper : (upper + numberAt(near, (near.length >> 1) - 1)) / 2
}

/**
 * What the parts of a send have in common: their weighted median, with nothing as one more. One part of two may
 * be wrong, and a day may differ; the median takes what says less.
 */
function commonOf(parts: readonly WeightedPart[]): number {
  const [first] = parts
  if (parts.length === 1 && first) return first.off
  const all = parts.map(({ off, noise }) => ({ value: off, weight: 1 / Math.sqrt(noise + ownSpread ** 2) }))
  all.push({ value: 0, weight: 1 / daySpread })
  all.sort((a, b) => a.value - b.value)
  const half = all.reduce((sum, { weight }) => sum + weight, 0) / 2
  let sum = 0
  return all.reduce((middle, { value, weight }) => {
    const below = sum < half
    sum += weight
    return below ? value : middle
  }, 0)
}
