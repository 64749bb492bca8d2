import type { ConversionDelay } from '../model/earnings.ts'
import { at } from './at.ts'

/** Days after a send by whose end its conversions are counted; later ones hardly change what is known. */
export const delayMarks = [1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60] as const

/** Log-logistic, half within two days, before a site has shown its own; it weighs as much as so many conversions. */
const prior = { median: 2, slope: 1.2, conversions: 10 }
const usualShare = (days: number): number => 1 / (1 + (prior.median / days) ** prior.slope)

/**
 * The share of a send's conversions that is known by each of `delayMarks`. A young send shows only those that
 * came soon, so each mark is compared with the next by sends that are old enough for both, and the shares are
 * multiplied (the chain ladder of insurers, Mack 1993; for delays that are cut off, Kalbfleisch & Lawless
 * 1989). Drawn towards a usual curve.
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

/** The share of a send's conversions that is known at an age in days, straight between marks. */
export function shareKnown(age: number, shares: readonly number[]): number {
  const next = delayMarks.findIndex((mark) => age < mark)
  if (next === -1) return 1
  const from = at(delayMarks, next - 1)
  const below = at(shares, next - 1)
  return below + ((at(shares, next) - below) * Math.max(0, age - from)) / (at(delayMarks, next) - from)
}
