/**
 * A number that somebody has typed: `least` or more, `1_000` or `1000`. Anything else ends the process with 2 and a
 * message that names it.
 */
export function wholeNumber(text: string, name: string, least = 1): number {
  const number = text.trim() === '' ? Number.NaN : Number(text.replaceAll('_', ''))
  if (Number.isSafeInteger(number) && number >= least) return number
  console.error(`${name} must be a whole number from ${least} on; it is "${text}"`)
  return process.exit(2)
}
