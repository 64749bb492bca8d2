/** Conversions, the sum of their amounts, and that of the squared ones. */
export type Amounts = { conversions: number; revenue: number; squares: number }

/** The amount of all offers stands for so many conversions of one. */
const drawn = 3
/** How surely no amount is beyond the limit; and what the limit is before there are many conversions. */
const caution = Math.log(20)
const leastConversions = 10

/** The amount in the middle, by the means of sends, drawn towards that of `all`; 0 where nothing was brought. */
export function usualAmount(sends: readonly Amounts[], all = 0): number {
  const means = sends
    .filter(({ conversions, revenue }) => conversions > 0 && revenue > 0)
    .map(({ conversions, revenue }) => ({ mean: revenue / conversions, weight: conversions }))
  if (all > 0) means.push({ mean: all, weight: drawn })
  means.sort((one, other) => one.mean - other.mean)
  const half = means.reduce((sum, { weight }) => sum + weight, 0) / 2
  let sum = 0
  return means.reduce((middle, { mean, weight }) => {
    const below = sum < half
    sum += weight
    return below ? mean : middle
  }, 0)
}

/**
 * The most that one of so many conversions may count for. It grows with the root of their number: one sale
 * decides nothing, and what comes again and again counts in full (the truncated mean of Bubeck, Cesa-Bianchi &
 * Lugosi 2013, "Bandits with heavy tail").
 */
export const mostOf = (usual: number, conversions: number): number =>
  usual * Math.sqrt((conversions + leastConversions) / caution)

/**
 * The amounts of a send of which none counts for more than `most`. The sums tell how large the largest may be:
 * no further from the mean than the standard deviation times the root of the number of the others (Samuelson
 * 1968), which is exact where the others are alike. It is cut to `most`, and so are the others if their mean is
 * beyond it.
 */
export function cutLargest(amounts: Amounts, most: number): Amounts {
  const { conversions, revenue, squares } = amounts
  if (conversions <= 0) return amounts
  const mean = revenue / conversions
  const others = Math.max(0, conversions - 1)
  const variance = Math.max(0, squares / conversions - mean ** 2)
  const largest = mean + Math.sqrt(variance * others)
  if (largest <= most) return amounts
  // One that is pending is less than one.
  const cut = Math.min(1, conversions)
  const within = (sum: number, each: number) => cut * each + Math.min(Math.max(0, sum), others * each)
  return {
    conversions,
    revenue: within(revenue - cut * largest, most),
    squares: within(squares - cut * largest ** 2, most ** 2),
  }
}
