/** To three decimals. */
export const round = (value: number): number => Math.round(value * 1e3) / 1e3

/** To this many decimals, and a small figure to two significant digits: it is never rounded to nothing. */
export function roundTo(decimals: number, value: number): number {
  const step = 10 ** decimals
  return Math.abs(value) * step < 10 ? Number(value.toPrecision(2)) : Math.round(value * step) / step
}

/** A rate as per cent, to three decimals or two significant digits. */
export const percent = (rate: number): number => roundTo(3, rate * 100)

/** The 95 % interval of a value whose logarithm has this variance. */
export function logInterval(value: number, variance: number): [low: number, high: number] {
  const factor = Math.exp(1.96 * Math.sqrt(variance))
  return [value / factor, value * factor]
}
