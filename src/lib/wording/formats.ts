import { utcFormat } from 'd3-time-format'

/** The length of a period on a timeline. */
export type Period = 'day' | 'week' | 'month'

const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 })
const compact = new Intl.NumberFormat('en-GB', { notation: 'compact', maximumSignificantDigits: 3 })
const small = new Intl.NumberFormat('en-GB', { minimumSignificantDigits: 2, maximumSignificantDigits: 2 })
const usual = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 3 })

/** A count in full: `12,345`. */
export const count = (value: number): string => whole.format(value)

/** `1 click`, `1,234 clicks`. */
export const clicksIn = (value: number): string => `${count(value)} ${value === 1 ? 'click' : 'clicks'}`

/** A count for an axis: `12.3k`. */
export const shortCount = (value: number): string =>
  (Math.abs(value) < 10_000 ? whole : compact).format(value).toLowerCase()

/** `3.24`, `0.50`, `0.034`, `41.3`, `120`, `12.3k`: at least two significant digits. */
export function digits(value: number): string {
  const size = Math.abs(value)
  if (size >= 100 || size === 0) return shortCount(value)
  return size < 0.1 ? small.format(value) : value.toFixed(size < 10 ? 2 : 1)
}

/** Per cent of a rate that is given in per cent; `–` if there is none. */
export const percent = (value: number | null): string => (value === null ? '–' : `${digits(value)} %`)

/** The same for an axis, without trailing zeros: `2 %`. */
export const percentTick = (value: number): string => `${usual.format(value)} %`

/** An interval of per cent: `2.9–3.6 %`; `–` if there is none. */
export const percentBetween = (low: number | null, high: number | null): string =>
  low === null || high === null ? '–' : `${digits(low)}–${digits(high)} %`

/** A share as per cent without decimals; more than nothing is never shown as 0. */
export function share(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) return '0 %'
  const rounded = Math.round((part / whole) * 100)
  return rounded === 0 ? '<1 %' : rounded === 100 && part < whole ? '>99 %' : `${rounded} %`
}

/** A factor: `× 1.20`. */
export const factor = (value: number): string => `× ${digits(value)}`

/** A factor for an axis: `× 1.2`. */
export const factorTick = (value: number): string => `× ${Number(value.toFixed(2))}`

/** `0.81–1.20`. */
export const between = (low: number, high: number): string => `${digits(low)}–${digits(high)}`

const dayAndMonth = utcFormat('%-d %b')

const names: Record<Period, (date: Date) => string> = {
  day: utcFormat('%-d %b %Y'),
  week: utcFormat('%-d %b %Y'),
  month: utcFormat('%b %Y'),
}

/** A period by its first day, which is a calendar day and therefore without a time zone: `2 Mar 2026`; `short`
 * leaves out the year of a day. */
export const periodName = (date: string, period: Period, length: 'full' | 'short' = 'full'): string =>
  (length === 'short' && period !== 'month' ? dayAndMonth : names[period])(new Date(`${date}T00:00:00Z`))
