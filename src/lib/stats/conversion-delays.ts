import type { ConversionDelay } from '../model/earnings.ts'
import { at } from './at.ts'

/** Days after a send at which its conversions are counted; later ones hardly change the result. */
export const delayMarks = [1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60] as const

/** The prior curve: log-logistic, half within two days. It weighs as much as this many conversions. */
const prior = { median: 2, slope: 1.2, conversions: 10 }
const usualShare = (days: number): number => 1 / (1 + (prior.median / days) ** prior.slope)

/**
 * The share of a send's conversions that is known by each of `delayMarks`. A recent send shows only early ones, so each
 * mark is compared with the next using the sends that are old enough for both, and the shares are multiplied (the chain
 * ladder method, Mack 1993; for truncated delays, Kalbfleisch & Lawless 1989). Shrunk towards the prior curve.
 */
export function delayCurveOf(delays: readonly ConversionDelay[]): number[] {
  const shares: number[] = delayMarks.map(() => 1)
  for (let mark = delayMarks.length - 1; mark > 0; mark -= 1) {
    let both = prior.conversions
    let sooner = (prior.conversions * usualShare(at(delayMarks, mark - 1))) / usualShare(at(delayMarks, mark))
    for (const { known, past, conversions } of delays) {
      if (past <= mark || known > mark) continue
      both += conversions
      if (known < mark) sooner += conversions
    }
    shares[mark - 1] = (at(shares, mark) * sooner) / both
  }
  return shares
}

/** The share of a send's conversions that is known at an age in days, interpolated linearly between marks. */
export function shareKnown(age: number, shares: readonly number[]): number {
  const next = delayMarks.findIndex((mark) => age < mark)
  if (next === -1) return 1
  const from = at(delayMarks, next - 1)
  const below = at(shares, next - 1)
  return below + ((at(shares, next) - below) * Math.max(0, age - from)) / (at(delayMarks, next) - from)
}
