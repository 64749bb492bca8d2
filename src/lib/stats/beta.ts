import { at } from './at.ts'

/**
 * The beta distribution, accurate to 1e-8 or better even if its parameters are millions and the probability is tiny:
 * the small libraries lose their digits there because they subtract logarithms of gamma functions.
 */

const halfLogTwoPi = 0.9189385332046728

/** Lanczos, g = 607/128, fifteen terms (P. Godfrey 2001): relative error about 1e-15 for x > 0. */
const lanczosStart = 0.9999999999999971
const lanczos = [
  57.15623566586292, -59.59796035547549, 14.136097974741746, -0.4919138160976202, 3.399464998481189e-5,
  4.652362892704858e-5, -9.837447530487956e-5, 0.0001580887032249125, -0.00021026444172410488,
  0.00021743961811521265, -0.0001643181065367639, 8.441822398385275e-5, -2.6190838401581408e-5,
  3.6899182659531625e-6,
]

/** The logarithm of the gamma function for x > 0 (Lanczos 1964). */
export function logGamma(x: number): number {
  let sum = lanczosStart
  for (let index = 0; index < lanczos.length; index += 1) sum += at(lanczos, index) / (x + index + 1)
  const t = x + 5.2421875
  return (x + 0.5) * Math.log(t) - t + halfLogTwoPi + Math.log(sum / x)
}

/**
 * The error of Stirling's formula for log n! (Loader 2000, "Fast and accurate computation of binomial probabilities").
 */
function stirlingError(n: number): number {
  if (n <= 15) return logGamma(n + 1) - (n + 0.5) * Math.log(n) + n - halfLogTwoPi
  const n2 = n * n
  return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / n2) / n2) / n2) / n2) / n
}

/** x·log(x/m) + m − x without loss of digits near x = m (Loader 2000). */
function deviance(x: number, m: number): number {
  if (Math.abs(x - m) >= 0.1 * (x + m)) return x * Math.log(x / m) + m - x
  const v = (x - m) / (x + m)
  let sum = (x - m) * v
  let term = 2 * x * v
  for (let j = 1; ; j += 1) {
    term *= v * v
    const next = sum + term / (2 * j + 1)
    if (next === sum) return sum
    sum = next
  }
}

/** The part of the logit's log density that does not depend on x. */
const constantOf = (a: number, b: number): number =>
  stirlingError(a + b) -
  stirlingError(a) -
  stirlingError(b) +
  0.5 * Math.log((a / (2 * Math.PI)) * (b / (a + b)))

/** The continued fraction of the incomplete beta function, by Lentz's method (Press et al. 2007, section 6.4). */
function fraction(a: number, b: number, x: number): number {
  // Too small to change any sum, but avoids a division by exactly 0.
  const tiny = 1e-300
  let c = 1
  let d = 1 / (1 - ((a + b) * x) / (a + 1))
  let value = d
  for (let m = 1; m <= 100_000; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / (1 + even * d + tiny)
    c = 1 + even / c + tiny
    value *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / (1 + odd * d + tiny)
    c = 1 + odd / c + tiny
    const step = d * c
    value *= step
    if (Math.abs(step - 1) < 1e-15) break
  }
  return value
}

type Tails = { lower: number; upper: number; density: number }

/**
 * Both tails at x (the smaller one at full precision), and the density of the logit, x^a (1−x)^b / B(a, b). `y` is 1 −
 * x, passed separately to keep its precision.
 */
function tails(a: number, b: number, x: number, y: number, constant: number): Tails {
  if (x <= 0) return { lower: 0, upper: 1, density: 0 }
  if (y <= 0) return { lower: 1, upper: 0, density: 0 }
  const n = a + b
  const density = Math.exp(constant - deviance(a, n * x) - deviance(b, n * y))
  if (x < (a + 1) / (n + 2)) {
    const lower = (density / a) * fraction(a, b, x)
    return { lower, upper: 1 - lower, density }
  }
  const upper = (density / b) * fraction(b, a, y)
  return { lower: 1 - upper, upper, density }
}

/** The probability that a Beta(a, b) variable is at most x; a and b above 0. */
export const betaCdf = (x: number, a: number, b: number): number =>
  tails(a, b, x, 1 - x, constantOf(a, b)).lower

/** In standard deviations of the logit: a smaller step changes nothing within double precision. */
const nearEnough = 1e-8

/**
 * The quantile of Beta(a, b) at p, 0 < p < 1. Throws a `RangeError` unless a and b are above 0 and finite: with NaN the
 * series would never end, and the site would hang.
 */
export function betaQuantile(p: number, a: number, b: number): number {
  if (!(a > 0 && b > 0 && a + b < Number.POSITIVE_INFINITY))
    throw new RangeError(`A beta variable has two finite parameters above 0, not ${a} and ${b}`)
  // On the logit scale, values near 0 and near 1 keep their precision.
  let low = -740
  let high = 740
  const constant = constantOf(a, b)
  const spread = Math.sqrt(1 / a + 1 / b)
  let y = Math.log(a / b) + normalQuantile(p) * spread
  for (let step = 0; step < 200; step += 1) {
    const rest = 1 / (1 + Math.exp(y))
    const { lower, upper, density } = tails(a, b, 1 / (1 + Math.exp(-y)), rest, constant)
    const miss = p < 0.5 ? lower - p : 1 - p - upper
    if (miss > 0) high = y
    else low = y
    const next = y - miss / density
    const moved = next >= low && next <= high ? next : (low + high) / 2
    const near = Math.abs(moved - y) <= nearEnough * Math.min(1, spread)
    y = moved
    if (near) break
  }
  return 1 / (1 + Math.exp(-y))
}

/** The standard normal quantile at p, 0 < p < 1, within 0.003 (Abramowitz & Stegun 1964, 26.2.22): where to start. */
export function normalQuantile(p: number): number {
  const t = Math.sqrt(-2 * Math.log(Math.min(p, 1 - p)))
  return Math.sign(p - 0.5) * (t - (2.30753 + 0.27061 * t) / (1 + (0.99229 + 0.04481 * t) * t))
}
