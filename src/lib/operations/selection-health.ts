import type { Goal, Strategy } from '../model/selection.ts'
import { goalHints } from '../wording/goal.ts'

/** How promos are chosen, as it is set. */
export type SelectionReadings = Goal & { strategy: Strategy }

/**
 * The part of the health that is about choosing promos. `currencies` are those in which sends have earned something,
 * that of most conversions first; `undefined` if the database has not told.
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
