import { utcDay, utcMonday, utcMonth } from 'd3-time'
import type { DateRange, TimelineRow } from '../model/report.ts'
import type { Counting } from '../model/report-query.ts'
import type { Period } from '../wording/formats.ts'
import { wilson } from './wilson.ts'

/** A period of a timeline, named by its first day; rates are per cent and `null` if nothing was sent. */
export type TimelinePoint = {
  date: string
  value: number | null
  low: number | null
  high: number | null
  impressions: number
  clicks: number
}

export type Timeline = {
  period: Period
  points: TimelinePoint[]
  /** Whether the last period is not over and had a send: its rate still changes. */
  unfinished: boolean
  note: string
}

const intervals = { day: utcDay, week: utcMonday, month: utcMonth }
const dateOf = (day: string): Date => new Date(`${day}T00:00:00Z`)
const dayOf = (date: Date): string => date.toISOString().slice(0, 10)

/** Days up to four months, weeks (from Monday) up to two years, then months: about a hundred marks at most. */
export const periodFor = (days: number): Period => (days <= 120 ? 'day' : days <= 732 ? 'week' : 'month')

/**
 * The rate over time, oldest first, one point for every period of the range, with days that are missing in `rows`.
 * `rows` may be in any order; `today` is a day of the same time zone as theirs. The interval is Wilson's for clicks out
 * of recipients: it assumes independent clicks, which those of one send are not, and is therefore only a reading aid,
 * as `note` says; decisions are based on sends.
 */
export function timelineOf(
  rows: readonly TimelineRow[],
  { start, end }: Pick<DateRange, 'start' | 'end'>,
  counting: Counting,
  today: string,
): Timeline {
  const period = periodFor(utcDay.count(dateOf(start), dateOf(end)) + 1)
  const interval = intervals[period]
  const sums = new Map<string, { impressions: number; clicks: number }>()
  const last = utcDay.offset(dateOf(end), 1)
  for (const date of interval.range(interval.floor(dateOf(start)), last)) {
    sums.set(dayOf(date), { impressions: 0, clicks: 0 })
  }
  for (const row of rows) {
    const sum = sums.get(dayOf(interval.floor(dateOf(row.date))))
    if (!sum) continue
    sum.impressions += row.impressions
    sum.clicks += counting === 'human' ? row.human_clicks : row.clicks
  }
  const points = [...sums].map(([date, { impressions, clicks }]) => ({
    date,
    value: impressions > 0 ? (clicks / impressions) * 100 : null,
    ...wilson(clicks, impressions),
    impressions,
    clicks,
  }))
  const unfinished = end >= today && typeof points.at(-1)?.value === 'number'
  return { period, points, unfinished, note: noteOf(period, unfinished) }
}

const noteOf = (period: Period, unfinished: boolean): string =>
  [
    `Each mark is one ${period}: its clicks divided by its recipients. A send’s later clicks count on ` +
      'the days when they happen.',
    ...(unfinished ? [`The newest ${period} is not over, so its rate will still change.`] : []),
    'The band shows what chance alone would do with this many recipients; days differ by more than that.',
  ].join(' ')
