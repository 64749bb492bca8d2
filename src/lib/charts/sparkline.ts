import { max, mean, min, range } from 'd3-array'
import { line } from 'd3-shape'
import { daysBefore, daysBetween } from '../base/days.ts'
import type { DateRange, VariationDay } from '../model/report.ts'
import type { Counting } from '../model/report-query.ts'
import { sparklinePoints } from '../model/report-query.ts'
import { clicksOf } from '../wording/words.ts'

/** The first days of these spans, oldest first. */
export function sparklineDates({ start, end }: Pick<DateRange, 'start' | 'end'>): string[] {
  const days = daysBetween(start, end)
  const step = Math.max(1, Math.floor((days + sparklinePoints) / sparklinePoints))
  return range(0, days + 1, step).map((offset) => daysBefore(start, -offset))
}

/**
 * The clicks of each variation span by span, oldest first. Every span of the range has its place: a gap before the
 * first event of any variation, and zero clicks after it, so that an offer that is rarely sent has the same line as
 * among others.
 */
export function trendsOf(
  days: readonly VariationDay[],
  period: Pick<DateRange, 'start' | 'end'>,
  counting: Counting,
): Map<number, (number | null)[]> {
  const begun = min(days, ({ date }) => date) ?? period.end
  const places = sparklineDates(period).map((date) => ({ date, least: date < begun ? null : 0 }))
  const trends = [...Map.groupBy(days, ({ variation_id }) => variation_id)].map(([id, own]) => {
    const clicks = new Map(own.map((day) => [day.date, clicksOf(day, counting)]))
    return [id, places.map(({ date, least }) => clicks.get(date) ?? least)] as const
  })
  return new Map(trends)
}

/** A sparkline's own units. */
export const sparkSize = { width: 100, height: 24 }
const mostPoints = 30

/**
 * The path of values, oldest first, from 0 to their largest; at most thirty points, each the mean of its values. It
 * breaks where there is no value; a single value between two gaps is a short dash.
 */
export function drawSparkline(values: readonly (number | null)[]): string {
  const size = Math.max(1, Math.ceil(values.length / mostPoints))
  const points = Array.from({ length: Math.ceil(values.length / size) }, (_, index) =>
    mean(values.slice(index * size, (index + 1) * size), (value) => value),
  )
  const top = max(points, (value) => value) || 1
  const step = sparkSize.width / points.length
  const path = line<number | undefined>()
    .defined((value) => value !== undefined)
    .x((_, index) => (index + 0.5) * step)
    .y((value) => sparkSize.height - 1 - (Number(value) / top) * (sparkSize.height - 2))
    .digits(0)(points)
  return (path ?? '').replaceAll('Z', 'h3')
}
