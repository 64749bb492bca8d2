import { arrived, type Curve } from './arrival.ts'
import { at } from './at.ts'
import { furthest, logit } from './bursts.ts'

/** A send's clickers so far, all and by each of `marks`; its age is in days. */
type ArrivingSend = { age: number; clickers: number; clickers_by: readonly number[] }

/** Those of a send who came as people do, and the variance of the logarithm of their number on that account. */
export type People = { clickers: number; unsure: number }

/** Before so many days have passed, the rest of the clicks do not tell a burst from an early hour. */
const earliest = 3 / 24

/**
 * Machines ask within minutes of delivery. Of a send of which far too many clickers came in the first hour, how
 * many there would be by those who came later. Who the others were is not known: half of the distance is a
 * standard deviation.
 */
export function peopleOf({ age, clickers, clickers_by }: ArrivingSend, curve: Curve): People {
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
