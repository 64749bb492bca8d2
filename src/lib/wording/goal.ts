import type { Goal, Strategy } from '../model/selection.ts'

/**
 * The goal of a learning strategy, if it is not clicks: `currency` is the one that counts, missing as long as nothing
 * was earned.
 */
export const revenueSentence = (currency: string | undefined): string =>
  currency === undefined
    ? 'The goal is revenue, but no send has earned anything yet in the currency that counts, so clicks decide.'
    : `The goal is revenue per recipient, in ${currency}: the chance of a click times its expected value.`

/**
 * What an operator should know about the goal that is set, given the currencies in which sends have earned something,
 * the one with most conversions first.
 */
export function goalHints(
  strategy: Strategy,
  { goal, currency }: Goal,
  currencies: readonly string[],
): string[] {
  if (goal === 'clicks') return []
  const [first] = currencies
  const several = currencies.length > 1 ? `conversions are in ${currencies.join(', ')}` : ''
  return [
    strategy !== 'thompson' &&
      `PROMO_SELECTION_GOAL=revenue is for thompson: PROMO_SELECTION=${strategy} does not learn from revenue`,
    first !== undefined &&
      currency !== undefined &&
      !currencies.includes(currency) &&
      `no send has earned anything in PROMO_SELECTION_CURRENCY=${currency}, so clicks decide: ` +
        `${several || `conversions are in ${first}`}`,
    several !== '' &&
      currency === undefined &&
      `${several}: only amounts in ${first} count, the most frequent currency, and others as the usual amount; ` +
        'set PROMO_SELECTION_CURRENCY to the one that is to count',
  ].filter((hint) => hint !== false)
}
