import type { Goal, Strategy } from '../model/selection.ts'
import { goalHints } from '../wording/goal.ts'

/** The settings for choosing promos. */
export type SelectionReadings = Goal & { strategy: Strategy }

/**
 * The part of the health that is about choosing promos. `currencies` are those in which sends have earned something,
 * the one with most conversions first; `undefined` if the database did not answer.
 */
export function selectionHealth(
  { strategy, goal, currency }: SelectionReadings,
  currencies: readonly string[] | undefined,
) {
  const counting = currencies?.find((one) => one === (currency ?? one))
  return {
    told: { strategy, goal, ...(goal === 'revenue' && currencies && { currency: counting ?? null }) },
    hints: currencies ? goalHints(strategy, { goal, currency }, currencies) : [],
  }
}
