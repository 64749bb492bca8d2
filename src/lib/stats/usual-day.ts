import { at } from './at.ts'
import type { SendSegment } from './known.ts'
import { dayOf } from './settle-rates.ts'

/** What a usual day is to the mean of all days, and the variance of its logarithm. */
export type UsualDay = { factor: number; variance: number }

/** Fewer sends do not show how days are spread. */
const fewest = 10
/** Beyond this many standard deviations a day counts as one that is there (Huber 1964). */
const furthest = 1.5
/** Between the quartiles of a normal variable, in standard deviations. */
const quartiles = 1.349

/**
 * A rate is that of a usual day. Where days differ as a log-normal variable does, that is their mean; where few
 * days are far off, a dud or one that went viral, they move the mean and not the usual day. It is found from
 * the middle and the quartiles of the days. How far it is from the mean is in doubt by half of itself.
 */
export function usualDayOf(sends: readonly (readonly SendSegment[])[]): UsualDay {
  if (sends.length < fewest) return { factor: 1, variance: 0 }
  const days = Float64Array.from(sends, dayOf).sort()
  const quarter = days.length >> 2
  const middle = at(days, days.length >> 1)
  const spread = (at(days, days.length - 1 - quarter) - at(days, quarter)) / quartiles
  let logs = 0
  let factors = 0
  for (const day of days) {
    logs += Math.max(-furthest * spread, Math.min(furthest * spread, day - middle))
    factors += Math.exp(day)
  }
  const off = middle + logs / days.length + spread ** 2 / 2 - Math.log(factors / days.length)
  return { factor: Math.exp(off), variance: off ** 2 / 4 }
}
