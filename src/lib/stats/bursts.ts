import { arrived, type Curve } from './arrival.ts'
import { at } from './at.ts'

/** A send's clickers so far, all and by each of `marks`; its age is in days. */
type Arriving = { age: number; clickers: number; clickers_by: readonly number[] }

/** Those of a send who came as people do, and the variance of the logarithm of their number on that account. */
export type People = { clickers: number; unsure: number }

/** Before so many days have passed, the rest of the clicks do not tell a burst from an early hour. */
const earliest = 3 / 24
/** Beyond so many standard deviations the first hour has too much. */
const furthest = 3

/**
 * Machines ask within minutes of delivery. Of a send of which far too many clickers came in the first hour, how many there would be by those who came later. Who the
 * others were is not known: half of the distance is a standard deviation.
 */
export function peopleOf({ age, clickers, clickers_by }: Arriving, curve: Curve): People {
  const first = at(clickers_by, 0)
  const usual = at(curve.shares, 0)
  if (age < earliest || first <= usual * clickers) return { clickers, unsure: 0 }
  const share = usual / arrived(age, curve).share
  const noise = 1 / (clickers * share * (1 - share))
  const off = logit(first + 0.5, clickers + 1) - Math.log(share / (1 - share))
  if (off < furthest * Math.sqrt(curve.variance + noise)) return { clickers, unsure: 0 }
  const later = clickers - first + 0.5
  const people = later / (1 - share)
  return {
    clickers: people,
    unsure: (Math.log(clickers / people) / 2) ** 2 + share ** 2 * curve.variance,
  }
}

const logit = (some: number, all: number): number => Math.log(some / (all - some))

/** Sends with fewer clickers say too little of their first hour. */
const telling = 20
const leastSpread = 0.2
/** From the lower quartile of a normal variable to its middle, in standard deviations. */
const quartile = 0.6745
const rounds = 5

/**
 * Sends whose first hour is like that of the others: bursts would draw the curve after them. The middle is that of the shortest half
 * (Rousseeuw 1984), which bears nearly as many bursts as others, and the spread that of what is below it, where there are none.
 */
export function withoutBursts<One extends { clickers_by: readonly number[] }>(sends: readonly One[]): One[] {
  const firsts = sends.map(({ clickers_by }) => {
    const all = at(clickers_by, clickers_by.length - 1)
    return all < telling ? Number.NaN : logit(at(clickers_by, 0) + 0.5, all + 1)
  })
  let kept = Float64Array.from(firsts.filter((first) => !Number.isNaN(first))).sort()
  let highest = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds && kept.length > 0; round += 1) {
    const middle = middleOf(kept)
    const lower = kept.filter((first) => first <= middle)
    highest = middle + furthest * Math.max(leastSpread, (middle - at(lower, lower.length >> 1)) / quartile)
    kept = kept.filter((first) => first <= highest)
  }
  return sends.filter((_, place) => !(at(firsts, place) > highest))
}

/** The middle of the shortest half. */
function middleOf(sorted: Float64Array): number {
  const half = sorted.length >> 1
  let start = 0
  for (let place = 1; place + half < sorted.length; place += 1)
    if (at(sorted, place + half) - at(sorted, place) < at(sorted, start + half) - at(sorted, start))
      start = place
  return (at(sorted, start) + at(sorted, start + half)) / 2
}
