import { max, nice } from 'd3-array'
import { scaleLinear } from 'd3-scale'

/** A position on an axis, in per cent of its length, with its label. */
export type Tick = { at: number; text: string }

/** Charts are drawn on a square of this many units, which the page stretches; integers are precise enough. */
export const units = 1000

/** From per cent of an axis to the units of a path. */
export const unit = (place: number): number => Math.round((place * units) / 100)

/** At most one decimal, so that charts stay small. */
export const short = (value: number): number => Math.round(value * 10) / 10

/** The upper end of an axis that begins at 0 and ends at a round number; 1 if there is nothing to show. */
export function topOf(values: Iterable<number>, marks = 3): number {
  const largest = max(values) ?? 0
  return largest > 0 ? nice(0, largest, marks)[1] : 1
}

/**
 * The upper end of an axis for rates and their intervals. An interval may extend beyond twice the highest rate and is
 * cut there: otherwise one day with three recipients would flatten all others.
 */
export function topOfRates(rates: readonly { value: number | null; high: number | null }[]): number {
  const highest = max(rates, ({ value }) => value) ?? 0
  const widest = max(rates, ({ high }) => high) ?? 0
  return topOf([highest, highest > 0 ? Math.min(widest, highest * 2) : widest])
}

/** Round numbers from 0 to `top`, placed from the bottom of an axis. */
export const ticksTo = (top: number, text: (value: number) => string, marks = 3): Tick[] =>
  scaleLinear([0, top], [0, 1])
    .ticks(marks)
    .map((value) => ({ at: short((value / top) * 100), text: text(value) }))
