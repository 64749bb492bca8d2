import { at, lookUp } from './at.ts'
import type { Evidence } from './dispersion.ts'
import type { Back, Exposed } from './parts.ts'

/** How rates have changed over time. */
export type Drift = {
  /** By text: clicks, and the number of recipients who would click that often today. */
  corrected: Evidence[][]
  /** Variance of a correction by this much, on the log scale. */
  varianceOf: (back: Back) => number
  /** Factor by which the mean of a text's days is more uncertain because neighbouring days are alike. */
  runOf: (variation_id: number) => number
}

/** Prior: a year changes rates by a factor of 2 either way, and a showing by 3 %. */
const prior = { years: 1 / 0.7 ** 2, showings: 1 / 0.03 ** 2 }
/** Of fewer pairs of neighbouring days nothing is learned. */
const fewestPairs = 4
const mostKept = 0.95
/** Sends at most this many days apart are neighbours. */
const neighbours = 1.6
/** Residuals are capped at this many standard deviations. */
const furthest = 2.5
/** After so many, a fit to counts moves hardly any more. */
const rounds = 3

type DriftPoint = {
  part: Exposed
  back: Back
  /** Variance between sends, as often as its send has parts. */
  between: number
  /** The logarithm of its rate; in a fit to counts, the working response. */
  y: number
  /** The variance of that within its send. */
  noise: number
  weight: number
}

/**
 * How rates change: with time, and with each showing of a text (wear-out), equally for all texts, by weighted least
 * squares within texts (a dynamic regression with a fixed slope; West & Harrison 1997). Where a part has few clicks or
 * none, the logarithm of its rate says too little of how low it is: the fit is repeated with the working responses of
 * Poisson counts, capped (robust quasi-likelihood; Cantoni & Ronchetti 2001). Also the autocorrelation of days.
 */
export function driftOf(
  counted: readonly Exposed[],
  groups: ReadonlyMap<number, readonly Exposed[]>,
  dispersion: number | undefined,
  pool: number,
): Drift {
  if (dispersion === undefined) return { corrected: [], varianceOf: () => 0, runOf: () => 1 }
  const partsOf = new Map<string, number>()
  for (const { newsletter_send_id: send } of counted) partsOf.set(send, lookUp(partsOf, send, 0) + 1)
  const texts = [...groups].map(([id, own]): [number, DriftPoint[]] => [
    id,
    own.map((part, place): DriftPoint => {
      const { k, n, age, weight, newsletter_send_id: send } = part
      const between = dispersion * lookUp(partsOf, send, 1)
      const noise = noiseOf(part, Math.max(1, k))
      return {
        part,
        back: [-age / 365, place - own.length],
        between,
        y: Math.log((k + 0.5) / (n + 0.5 / pool)),
        noise,
        weight: weight / (between + noise),
      }
    }),
  ])
  const all = texts.map(([, points]) => points)
  for (let round = 0; round < rounds; round += 1) {
    const { slopes } = slopesUnder(momentsOf(all), 1, both)
    for (const points of all) respond(points, slopes)
  }
  const moments = momentsOf(all)
  const kept = keptOf(texts, slopesUnder(moments, 1, both).slopes, dispersion)
  const { slopes, variance } = average(moments, (1 + kept) / (1 - kept))
  for (const [, points] of texts)
    for (const { part, back } of points) {
      part.back = back
      part.factor = Math.exp(slopes[0] * back[0] + slopes[1] * back[1])
    }
  const runs = new Map(texts.map(([id, points]) => [id, runOf(points, kept)]))
  return {
    corrected: texts.map(([, points]) =>
      points.flatMap(({ part: { k, n, factor, weight } }) => (weight < 1 ? [] : { k, n: n * factor })),
    ),
    varianceOf: ([t, s]) => variance[0] * t ** 2 + 2 * variance[1] * t * s + variance[2] * s ** 2,
    runOf: (id) => lookUp(runs, id, 1),
  }
}

/** What chance among so many clicks and everything that makes a part unsure add to the variance of its rate. */
const noiseOf = ({ extraOwn, extraOfSend, lag, unsure }: Exposed, clicks: number): number =>
  1 / clicks + (extraOwn + extraOfSend + lag + unsure)

/** Gives the points of a text their working responses and weights under a fit. */
function respond(points: readonly DriftPoint[], slopes: Back): void {
  const mean = meansOf(points)
  for (const point of points) {
    const { part, back, between } = point
    const fitted = mean.y + slopes[0] * (back[0] - mean.t) + slopes[1] * (back[1] - mean.s)
    const expected = part.n * Math.exp(fitted)
    point.noise = noiseOf(part, expected)
    const variance = between + point.noise
    const most = furthest * Math.sqrt(variance)
    point.y = fitted + Math.max(-most, Math.min(most, part.k / expected - 1))
    point.weight = part.weight / variance
  }
}

type Moments = [tt: number, ts: number, ss: number, ty: number, sy: number]
type Fit = { slopes: Back; variance: [tt: number, ts: number, ss: number]; likelihood: number }

/** Which of the two changes a model has: 1 for each that it has. */
const both: Back = [1, 1]
const models: readonly Back[] = [[0, 0], [1, 0], [0, 1], both]

/**
 * The slopes of one model (0 for a change that it lacks), shrunk towards 0 by the prior, and its log likelihood ratio
 * against no change. Neighbouring days that are alike carry less information, by a factor of `long`.
 */
function slopesUnder([tt, ts, ss, ty, sy]: Moments, long: number, [withTime, withShowings]: Back): Fit {
  const a = (withTime * tt) / long + prior.years
  const b = (withShowings * ss) / long + prior.showings
  const c = (withTime * withShowings * ts) / long
  const [y, z] = [(withTime * ty) / long, (withShowings * sy) / long]
  const determinant = a * b - c ** 2
  const slopes: Back = [(b * y - c * z) / determinant, (a * z - c * y) / determinant]
  return {
    slopes,
    variance: [
      (withTime * b) / determinant,
      (-withTime * withShowings * c) / determinant,
      (withShowings * a) / determinant,
    ],
    likelihood: (Math.log((prior.years * prior.showings) / determinant) + slopes[0] * y + slopes[1] * z) / 2,
  }
}

/**
 * Rates mostly stay as they are, and time and showings are correlated: each model counts by how likely the data are
 * under it (Bayesian model averaging; Hoeting, Madigan, Raftery & Volinsky 1999). Assuming both changes made intervals
 * too wide if there was none.
 */
function average(moments: Moments, long: number): Omit<Fit, 'likelihood'> {
  const fits = models.map((model) => slopesUnder(moments, long, model))
  const highest = Math.max(...fits.map(({ likelihood }) => likelihood))
  const weights = fits.map(({ likelihood }) => Math.exp(likelihood - highest))
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  const mean = (pick: (one: Fit) => number): number =>
    fits.reduce((sum, one, place) => sum + (at(weights, place) * pick(one)) / all, 0)
  const time = mean(({ slopes }) => slopes[0])
  const showings = mean(({ slopes }) => slopes[1])
  return {
    slopes: [time, showings],
    variance: [
      mean(({ slopes, variance }) => variance[0] + (slopes[0] - time) ** 2),
      mean(({ slopes, variance }) => variance[1] + (slopes[0] - time) * (slopes[1] - showings)),
      mean(({ slopes, variance }) => variance[2] + (slopes[1] - showings) ** 2),
    ],
  }
}

/** Sums of squares and products within texts: time, time with showings, showings, and each with the rate. */
function momentsOf(texts: readonly (readonly DriftPoint[])[]): Moments {
  const sums: Moments = [0, 0, 0, 0, 0]
  for (const points of texts) {
    const mean = meansOf(points)
    for (const { back, y, weight } of points) {
      const [t, s, r] = [back[0] - mean.t, back[1] - mean.s, y - mean.y]
      sums[0] += weight * t * t
      sums[1] += weight * t * s
      sums[2] += weight * s * s
      sums[3] += weight * t * r
      sums[4] += weight * s * r
    }
  }
  return sums
}

function meansOf(points: readonly DriftPoint[]): { t: number; s: number; y: number } {
  const sums = { t: 0, s: 0, y: 0, all: 0 }
  for (const { back, y, weight } of points) {
    sums.t += weight * back[0]
    sums.s += weight * back[1]
    sums.y += weight * y
    sums.all += weight
  }
  return { t: sums.t / sums.all, s: sums.s / sums.all, y: sums.y / sums.all }
}

/**
 * Autocorrelation of days, 0 to 0.95. Of n pairs it comes out too low by (1 + 3 times itself) / n, because days are
 * taken as distances from their own mean (Kendall 1954; Marriott & Pope 1954).
 */
function keptOf(
  texts: readonly (readonly [number, DriftPoint[]])[],
  slopes: Back,
  dispersion: number,
): number {
  const sends = new Map<string, { age: number; sum: number; weight: number }>()
  for (const [, points] of texts) {
    const mean = meansOf(points)
    for (const { part, back, y, noise } of points) {
      const off = y - mean.y - slopes[0] * (back[0] - mean.t) - slopes[1] * (back[1] - mean.s)
      const send = lookUp(sends, part.newsletter_send_id, { age: part.age, sum: 0, weight: 0 })
      const weight = 1 / (noise + 0.01)
      send.sum += weight * off
      send.weight += weight
      sends.set(part.newsletter_send_id, send)
    }
  }
  const most = furthest * Math.sqrt(dispersion)
  const inOrder = [...sends.values()].toSorted((one, other) => other.age - one.age)
  const offs = inOrder.map(({ sum, weight }) => Math.max(-most, Math.min(most, sum / weight)))
  const ages = inOrder.map(({ age }) => age)
  const noises = inOrder.map(({ weight }) => 1 / weight)
  const sums = { products: 0, squares: 0, pairs: 0 }
  for (const [place, off] of offs.slice(0, -1).entries()) {
    if (at(ages, place) - at(ages, place + 1) > neighbours) continue
    sums.products += off * at(offs, place + 1)
    sums.squares += Math.max(dispersion / 4, off ** 2 - at(noises, place))
    sums.pairs += 1
  }
  if (sums.pairs < fewestPairs) return 0
  const seen = sums.products / sums.squares
  return Math.max(0, Math.min(mostKept, seen + (1 + 3 * seen) / sums.pairs))
}

/** Ratio of the variance of the mean of autocorrelated days to that of independent ones. */
function runOf(points: readonly DriftPoint[], kept: number): number {
  let sum = 0
  let run = 0
  let last = Number.POSITIVE_INFINITY
  for (const { part } of points) {
    // Sends at the same moment count as a day apart.
    run *= kept ** Math.max(1, last - part.age)
    sum += run
    run += 1
    last = part.age
  }
  return 1 + (2 * sum) / points.length
}
