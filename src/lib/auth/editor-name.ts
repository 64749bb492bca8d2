import { fail, ok, type Result } from '../base/result.ts'

const longestName = 100

/** An editor's name, trimmed, or why it is not allowed. */
export function acceptName(given: string): Result<string, { code: 'invalid_name'; message: string }> {
  const name = given.trim().normalize('NFC')
  const length = [...name].length
  if (length > 0 && length <= longestName && !/[\p{Cc}\p{Cs}]/u.test(name)) return ok(name)
  return fail({
    code: 'invalid_name',
    message: `The name must have 1 to ${longestName} printable characters`,
  })
}

/**
 * A name without distinctions of case, by Unicode's default case folding: letter by letter, so that the end of a word
 * changes nothing. A database folds by its locale: under a Turkish one, INFO is not info.
 */
export const foldName = (name: string): string =>
  [...name.normalize('NFC')].map(foldLetter).join('').normalize('NFC')

// A dotless i is a letter of its own, though its capital is I.
const foldLetter = (letter: string): string =>
  letter === 'ı' ? letter : letter.toLowerCase().toUpperCase().toLowerCase()

/**
 * The one of these that a name refers to: the exact match, else the first whose name differs only in case. Both may
 * exist if a database once distinguished INFO from info.
 */
export function pickNamed<Named extends { name: string }>(
  known: readonly Named[],
  name: string,
): Named | undefined {
  const folded = foldName(name)
  const alike = known.filter((one) => foldName(one.name) === folded)
  return alike.find((one) => one.name === name) ?? alike[0]
}
