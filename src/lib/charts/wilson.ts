/** The normal distribution's 97.5 % point. */
const z = 1.959964

/**
 * The 95 % score interval of a share, in per cent (Wilson 1927, J. Am. Stat. Assoc. 22, 209-212). `null` if there are
 * no trials, or more successes than trials: repeated clicks are not a share of the recipients.
 */
export function wilson(
  successes: number,
  trials: number,
): { low: number; high: number } | { low: null; high: null } {
  if (trials <= 0 || successes > trials) return { low: null, high: null }
  const share = successes / trials
  const middle = share + z ** 2 / (2 * trials)
  const reach = z * Math.sqrt((share * (1 - share)) / trials + z ** 2 / (4 * trials ** 2))
  const scale = 100 / (1 + z ** 2 / trials)
  return {
    low: successes === 0 ? 0 : (middle - reach) * scale,
    high: successes === trials ? 100 : (middle + reach) * scale,
  }
}
