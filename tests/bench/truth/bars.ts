import type { Tally } from './year.ts'

/** The least and most that meet a bar. */
export type Bar = readonly [least: number, most: number]

export const told = (held: boolean): Tally => ({ held: Number(held), all: 1 })

/** Counts the bars that are met. */
export function createBars() {
  const count = { judged: 0, missed: 0 }
  function mark(value: number, [least, most]: Bar): string {
    const holds = value >= least && value <= most
    count.judged += 1
    if (!holds) count.missed += 1
    return holds ? '' : '!'
  }
  return {
    count,
    /** Marks a value that misses its bar. */
    mark,
    /** A share in per cent with its standard error, by independent runs, marked where it misses its bar. */
    cell(tallies: readonly Tally[], bar: Bar): string {
      const all = tallies.reduce((sum, tally) => sum + tally.all, 0)
      if (all === 0) return '–'
      const share = tallies.reduce((sum, tally) => sum + tally.held, 0) / all
      const squares = tallies.reduce((sum, tally) => sum + (tally.held - share * tally.all) ** 2, 0)
      return (
        `${(100 * share).toFixed(1)} ± ` +
        `${((100 * Math.sqrt(squares)) / all).toFixed(1)}${mark(100 * share, bar) || ' '}`
      )
    },
    /** A ratio of two sums with its standard error, by independent runs (Cochran 1977, section 6.4). */
    ratioCell(pairs: readonly (readonly [over: number, under: number])[], bar: Bar): string {
      const under = pairs.reduce((sum, pair) => sum + pair[1], 0)
      if (under === 0) return '–'
      const ratio = pairs.reduce((sum, pair) => sum + pair[0], 0) / under
      const squares = pairs.reduce((sum, pair) => sum + (pair[0] - ratio * pair[1]) ** 2, 0)
      return `${ratio.toFixed(2)} ± ${(Math.sqrt(squares) / under).toFixed(2)}${mark(ratio, bar) || ' '}`
    },
  }
}

export type Bars = ReturnType<typeof createBars>
