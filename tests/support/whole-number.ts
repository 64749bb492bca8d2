/**
 * A number that somebody has typed: 1 or more, `1_000` or `1000`. Anything else ends the process with 2 and a message
 * that names it.
 */
export function wholeNumber(text: string, name: string): number {
  const number = Number(text.replaceAll('_', ''))
  if (Number.isSafeInteger(number) && number > 0) return number
  console.error(`${name} must be a whole number from 1 on; it is "${text}"`)
  return process.exit(2)
}
