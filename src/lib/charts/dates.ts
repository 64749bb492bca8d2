import { type TimeInterval, utcDay, utcMonday, utcMonth, utcYear } from 'd3-time'
import { utcFormat } from 'd3-time-format'
import { short, type Tick } from './scale.ts'

const most = 7
const dayAndMonth = utcFormat('%-d %b')
const monthName = utcFormat('%b')
const year = utcFormat('%Y')

type Step = { step: TimeInterval; days: number; text: (date: Date) => string }

const monthOrYear = (date: Date): string => (date.getUTCMonth() === 0 ? year(date) : monthName(date))

/** The steps between dates on an axis, from fine to coarse, each with its date format. */
function stepsFrom(first: Date): Step[] {
  const days = (n: number) => utcDay.filter((day) => utcDay.count(first, day) % n === 0)
  const weeks = (n: number) => utcMonday.filter((monday) => utcMonday.count(first, monday) % n === 0)
  const months = (n: number) => utcMonth.filter((month) => month.getUTCMonth() % n === 0)
  const years = (n: number) => utcYear.filter((start) => start.getUTCFullYear() % n === 0)
  return [
    ...[1, 2, 3].map((n) => ({ step: days(n), days: n, text: dayAndMonth })),
    ...[1, 2].map((n) => ({ step: weeks(n), days: n * 7, text: dayAndMonth })),
    ...[1, 2, 3, 6].map((n) => ({ step: months(n), days: n * 30, text: monthOrYear })),
    ...[1, 2, 5, 10, 100].map((n) => ({ step: years(n), days: n * 365, text: year })),
  ]
}

/**
 * At most seven round dates below an axis of periods of equal width, each in the middle of the period it falls into.
 * `dates` are the first days of the periods, without gaps, oldest first.
 */
export function dateTicks(dates: readonly string[]): Tick[] {
  const [first, ...rest] = dates.map((date) => new Date(`${date}T00:00:00Z`))
  if (!first) return []
  const last = rest.at(-1) ?? first
  const span = utcDay.count(first, last)
  for (const { step, days, text } of stepsFrom(first)) {
    // Listing all days of many years, only to find that they are too many, would be slow.
    if (span / days > most + 1) continue
    const found = step.range(first, utcDay.offset(last, 1))
    if (found.length === 0 || found.length > most) continue
    const ticks = found.map((date) => {
      const index = [first, ...rest].findLastIndex((start) => start <= date)
      return { at: short(((index + 0.5) / dates.length) * 100), text: text(date) }
    })
    // Steps finer than the periods would put several dates in one place.
    if (new Set(ticks.map(({ at }) => at)).size === ticks.length) return ticks
  }
  return []
}
