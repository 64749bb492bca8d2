/** Conversions, the sum of their amounts, and that of the squared ones. */
export type Amounts = { conversions: number; revenue: number; squares: number }

/** Weight of all offers' amount for one offer, in conversions. */
const drawn = 3
/** Confidence that no amount exceeds the limit, and the limit while there are few conversions. */
const caution = Math.log(20)
const leastConversions = 10

/** The median amount, from the means of sends, shrunk towards that of `all`; 0 if nothing was earned. */
export function usualAmount(sends: readonly Amounts[], all = 0): number {
  const means = sends
    .filter(({ revenue }) => revenue > 0)
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
 * The cap for one amount among this many conversions. It grows with the root of their number: a single sale decides
 * nothing, and repeated ones count in full (the truncated mean of Bubeck, Cesa-Bianchi & Lugosi 2013, "Bandits with
 * heavy tail").
 */
export const mostOf = (usual: number, conversions: number): number =>
  usual * Math.sqrt((conversions + leastConversions) / caution)

/**
 * The amounts of a send with each capped at `most`. The sums bound the largest: it is no further from the mean than the
 * standard deviation times the root of the number of the others (Samuelson 1968), which is exact if the others are
 * equal. It is cut to `most`, and so are the others if their mean is above it.
 */
export function cutLargest(amounts: Amounts, most: number): Amounts {
  const { conversions, revenue, squares } = amounts
  if (conversions <= 0) return amounts
  const mean = revenue / conversions
  const others = Math.max(0, conversions - 1)
  const variance = Math.max(0, squares / conversions - mean ** 2)
  const largest = mean + Math.sqrt(variance * others)
  if (largest <= most) return amounts
  // A pending one counts as less than one.
  const cut = Math.min(1, conversions)
  const within = (sum: number, each: number) => cut * each + Math.min(Math.max(0, sum), others * each)
  return {
    conversions,
    revenue: within(revenue - cut * largest, most),
    squares: within(squares - cut * largest ** 2, most ** 2),
  }
}
