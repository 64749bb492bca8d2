import { at, lookUp } from './at.ts'

export const logit = (some: number, all: number): number => Math.log(some / (all - some))

/** Number of standard deviations beyond which the first hour has too many clickers. */
export const furthest = 3
/** With fewer clickers, a send's first hour says too little. */
const telling = 20
const leastSpread = 0.2
/** With fewer sends that tell, nobody knows what is usual. */
const knowing = 3
/** From the lower quartile of a normal variable to its median, in standard deviations. */
const quartile = 0.6745
const rounds = 5

/** A part of a send, with its clickers by each of `marks`. */
export type ArrivingPart = { newsletter_send_id: string; clickers_by: readonly number[] }

/**
 * Sends whose first hour is like that of the others, since bursts would distort the curve, and the logit of the highest
 * share of the first hour that is like theirs: infinite if too few sends tell. All parts of a send tell together. The
 * centre is the midpoint of the shortest half (Rousseeuw 1984), which withstands nearly as many bursts as ordinary
 * sends; the spread is measured below it, where there are no bursts.
 */
export function withoutBursts<One extends ArrivingPart>(
  parts: readonly One[],
): { ordinary: One[]; highest: number } {
  const firsts = firstHoursOf(parts)
  let kept = Float64Array.from([...firsts.values()].filter((first) => !Number.isNaN(first))).sort()
  let highest = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds && kept.length > 0; round += 1) {
    const middle = middleOf(kept)
    const lower = kept.filter((first) => first <= middle)
    highest = middle + furthest * Math.max(leastSpread, (middle - at(lower, lower.length >> 1)) / quartile)
    kept = kept.filter((first) => first <= highest)
  }
  const ordinary = parts.filter(
    ({ newsletter_send_id }) => !(lookUp(firsts, newsletter_send_id, 0) > highest),
  )
  return { ordinary, highest: kept.length < knowing ? Number.POSITIVE_INFINITY : highest }
}

/** Of each send, the logit of the share that came in its first hour; no number where too few came. */
function firstHoursOf(parts: readonly ArrivingPart[]): Map<string, number> {
  const sums = new Map<string, { first: number; all: number }>()
  for (const { newsletter_send_id, clickers_by } of parts) {
    const sum = lookUp(sums, newsletter_send_id, { first: 0, all: 0 })
    sum.first += at(clickers_by, 0)
    sum.all += at(clickers_by, clickers_by.length - 1)
    sums.set(newsletter_send_id, sum)
  }
  return new Map(
    [...sums].map(([name, { first, all }]) => [
      name,
      all < telling ? Number.NaN : logit(first + 0.5, all + 1),
    ]),
  )
}

/** The midpoint of the shortest half. */
function middleOf(sorted: Float64Array): number {
  const half = sorted.length >> 1
  let start = 0
  for (let place = 1; place + half < sorted.length; place += 1)
    if (at(sorted, place + half) - at(sorted, place) < at(sorted, start + half) - at(sorted, start))
      start = place
  return (at(sorted, start) + at(sorted, start + half)) / 2
}
