import { at, lookUp, numberAt } from './at.ts'

/** A part of a send, with its clickers by each of `marks`. */
export type ArrivingPart = { newsletter_send_id: string; clickers_by: readonly number[] }

/** What a site's own sends show of the first hour; see `firstHoursOf`. */
export type FirstHours = {
  /** Share of people who come in it. */
  share: number
  /** Variance of the logit of that share from send to send. */
  variance: number
  /** Share of the sends that have a burst. */
  bursts: number
}

/** Clickers of a send in its first hour, and all. */
export type FirstHour = { first: number; all: number }

/** With fewer ordinary sends, or fewer clickers in them, nobody knows what is usual. */
const knowing = { sends: 2.5, clickers: 30 }
/** Prior: the variance as if four sends had shown it, the bursts as if half a send of eight had had one. */
const prior = { variance: 0.1, sends: 4, bursts: 0.5, among: 8 }
/** More than half of the sends are taken to be ordinary. */
const burstsAtFirst = 0.4
const [leastVariance, leastShare] = [0.03, 0.02]
/** With this many clickers, a send tells half as much as a very large one. */
export const halfSaid = 20
const rounds = 8
const nearEnough = 0.002

/**
 * How many of a site's clickers come in the first hour, but for machines, and how many sends have a burst of those;
 * `undefined` if too few sends tell. A mixture: in ordinary sends the share is a beta variable, in those with a burst
 * each share is as likely, if it is above the usual one. Small sends tell together what none could alone. By turns (EM;
 * Dempster, Laird & Rubin 1977) with weighted moments (Kleinman 1973).
 */
export function firstHoursOf(sends: readonly FirstHour[]): FirstHours | undefined {
  const shares = Float64Array.from(sends, ({ first, all }) => (first + 0.5) / (all + 1)).sort()
  // Bursts are above what is usual, which is therefore below the middle.
  const low = sends.length > 0 ? numberAt(shares, Math.floor(sends.length / 3)) : 0.5
  let found: FirstHours = { share: low, variance: prior.variance, bursts: burstsAtFirst }
  for (let round = 1; ; round += 1) {
    const { next, known } = nextOf(found, sends)
    const isNear = Math.abs(next.share - found.share) + Math.abs(next.bursts - found.bursts) < nearEnough
    found = next
    if (isNear || round === rounds)
      return known.sends < knowing.sends || known.clickers < knowing.clickers ? undefined : found
  }
}

function nextOf(found: FirstHours, sends: readonly FirstHour[]) {
  const ofOne = 1 / (found.variance * (found.share * (1 - found.share)))
  const known = { sends: 0, clickers: 0 }
  const sums = {
    share: 0,
    weight: 0,
    spread: prior.sends * prior.variance,
    told: prior.sends,
    bursts: prior.bursts,
  }
  for (const send of sends) {
    const { first, all } = send
    const chance = chanceOfBurst(send, found)
    const clickers = (1 - chance) * all
    const share = first / all
    sums.bursts += chance
    sums.weight += clickers / (all + ofOne)
    sums.share += (clickers / (all + ofOne)) * share
    sums.told += clickers / (all + halfSaid)
    sums.spread += (clickers / (all + halfSaid)) * excessOf(share, found.share, all)
    known.sends += 1 - chance
    known.clickers += clickers
  }
  const next: FirstHours = {
    // Where all have a burst for certain, none is left to show what is usual.
    share:
      sums.weight > 0
        ? Math.min(1 - leastShare, Math.max(leastShare, sums.share / sums.weight))
        : found.share,
    variance: Math.max(leastVariance, sums.spread / sums.told),
    bursts: sums.bursts / (prior.among + sends.length),
  }
  return { next, known }
}

/** The square of a share's distance from the usual one, as logits, beyond what chance does among `all`; at most 1. */
export function excessOf(share: number, usual: number, all: number): number {
  const scale = usual * (1 - usual)
  return Math.min(1, ((share - usual) ** 2 - scale / all) / scale ** 2)
}

/** The chance that a send has a burst, when `come` of its clickers have come, as a share. */
export function chanceOfBurst(
  { first, all }: FirstHour,
  { share, variance, bursts }: FirstHours,
  come = 1,
): number {
  const mean = Math.min(1 - leastShare, share / come)
  if (first <= mean * all) return 0
  const strength = 1 / (variance * mean * (1 - mean))
  const [a, b, rest] = [mean * strength, (1 - mean) * strength, all - first]
  const ordinary = logBeta(first + a, rest + b) - logBeta(a, b)
  return 1 / (1 + ((1 - bursts) / bursts) * Math.exp(ordinary - logBeta(first + 1, rest + 1)))
}

/** By Stirling's formula: within 0.02 above one half, in a tenth of the time of the exact one. */
const logBeta = (a: number, b: number): number => stirling(a) + stirling(b) - stirling(a + b)
const stirling = (x: number): number => (x - 0.5) * Math.log(x) - x + 0.918938533 + 1 / (12 * x)

/** The first hours of sends by name, each with all its parts. */
export function wholesOf(parts: readonly ArrivingPart[]): Map<string, FirstHour> {
  const sums = new Map<string, FirstHour>()
  for (const { newsletter_send_id, clickers_by } of parts) {
    const sum = lookUp(sums, newsletter_send_id, { first: 0, all: 0 })
    sum.first += at(clickers_by, 0)
    sum.all += at(clickers_by, clickers_by.length - 1)
    sums.set(newsletter_send_id, sum)
  }
  return sums
}
