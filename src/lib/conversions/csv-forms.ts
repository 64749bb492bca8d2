import { fail, ok, type Result } from '../base/result.ts'

export const delimiters = [',', ';', '\t', '|'] as const
export type Decimal = 'comma' | 'point'

/** The delimiter of a file, by its first line: the most frequent candidate outside of quotes. */
export function findDelimiter(text: string): string {
  const line = text
    .split(/[\r\n]/, 1)
    .join('')
    .replace(/"[^"]*"/g, '')
  const often = (delimiter: string): number => line.split(delimiter).length
  return delimiters.reduce((best, one) => (often(one) > often(best) ? one : best))
}

/** Without blanks, currency signs, and apostrophes between thousands. */
const bare = (text: string): string => text.replace(/[\s'’]|\p{Sc}|^[A-Z]{3}|[A-Z]{3}$/gu, '')

const patterns: Record<Decimal, RegExp> = {
  point: /^-?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$/,
  comma: /^-?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?$/,
}

/** Which decimal separator a column of amounts has; a fault if it could be either. */
export function findDecimal(values: readonly string[]): Result<Decimal, string> {
  const amounts = values.map(bare).filter((value) => value !== '')
  const fits = (decimal: Decimal) => amounts.filter((value) => patterns[decimal].test(value)).length
  const [point, comma] = [fits('point'), fits('comma')]
  if (point !== comma) return ok(point > comma ? 'point' : 'comma')
  const odd = amounts.find((value) => /[.,]/.test(value))
  if (odd === undefined) return ok('point')
  return fail(
    `cannot be determined from "${odd}": say with --decimal whether amounts have a decimal comma or point`,
  )
}

/** An amount with a decimal point; unchanged if it does not have that form. */
export function plainAmount(text: string, decimal: Decimal): string {
  const value = bare(text)
  if (!patterns[decimal].test(value)) return text
  return decimal === 'point' ? value.replaceAll(',', '') : value.replaceAll('.', '').replace(',', '.')
}

const clock = String.raw`(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?`

/** Date formats, with the positions of year, month and day. */
const forms = {
  'YYYY-MM-DD': { pattern: `(\\d{4})[-/.](\\d{1,2})[-/.](\\d{1,2})`, order: [0, 1, 2] },
  'DD.MM.YYYY': { pattern: `(\\d{1,2})\\.(\\d{1,2})\\.(\\d{4})`, order: [2, 1, 0] },
  'DD/MM/YYYY': { pattern: `(\\d{1,2})[/-](\\d{1,2})[/-](\\d{4})`, order: [2, 1, 0] },
  'MM/DD/YYYY': { pattern: `(\\d{1,2})[/-](\\d{1,2})[/-](\\d{4})`, order: [2, 0, 1] },
} as const

export type DateForm = keyof typeof forms
export const dateForms: readonly DateForm[] = ['YYYY-MM-DD', 'DD.MM.YYYY', 'DD/MM/YYYY', 'MM/DD/YYYY']

/** A time of that format as ISO 8601, in UTC if it has no zone. `undefined` if it does not match. */
export function isoTime(text: string, form: DateForm): string | undefined {
  const { pattern, order } = forms[form]
  const found = new RegExp(`^${pattern}${clock}$`).exec(text.trim())
  if (!found) return undefined
  const [year, month, day] = order.map((place) => Number(found[place + 1]))
  const [hours, minutes, seconds, zone] = [found[4] ?? '0', found[5] ?? '0', found[6] ?? '0', found[7] ?? 'Z']
  const at = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  if (at.getUTCMonth() + 1 !== month || at.getUTCDate() !== day || Number(hours) > 23) return undefined
  const two = (value: string): string => value.padStart(2, '0')
  return `${at.toISOString().slice(0, 10)}T${two(hours)}:${two(minutes)}:${two(seconds)}${zone === 'UTC' ? 'Z' : zone}`
}

/** The format of a column of times; a fault if none fits, or if two fit all of them. */
export function findDateForm(values: readonly string[]): Result<DateForm, string> {
  const times = values.filter((value) => value.trim() !== '')
  const [first] = times
  if (first === undefined) return ok('YYYY-MM-DD')
  const fits = (form: DateForm) => times.filter((value) => isoTime(value, form) !== undefined).length
  const best = dateForms.reduce((one, other) => (fits(other) > fits(one) ? other : one))
  const alike = dateForms.filter((form) => fits(form) === fits(best))
  if (fits(best) === 0) return fail(`"${first}" has none of the forms ${dateForms.join(', ')}`)
  if (alike.length > 1)
    return fail(
      `cannot be determined from "${first}": say with --date whether times are ${alike.join(' or ')}`,
    )
  return ok(best)
}
