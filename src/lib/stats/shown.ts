/** To three decimals. */
export const round = (value: number): number => Math.round(value * 1e3) / 1e3

/** A rate as per cent, to three decimals. */
export const percent = (rate: number): number => round(rate * 100)

/** Holds 95 % of what a value may be whose logarithm has a variance. */
export function logInterval(value: number, variance: number): [low: number, high: number] {
  const factor = Math.exp(1.96 * Math.sqrt(variance))
  return [value / factor, value * factor]
}
