import { dayAt, daysBetween } from '../base/days.ts'
import type { DateRange, Report } from '../model/report.ts'
import type { Counting } from '../model/report-query.ts'
import { momentsIn, rangeWords, some } from './words.ts'

type PageShown = {
  /** The period that was chosen by its length; missing for a range of one's own. */
  days?: string
  tz: string
  counting: Counting
  newsletter?: string | undefined
  /** Milliseconds since 1970. */
  now: number
}

/** Which days, clicks and newsletters a page is about, and when it was read. */
export function shownSentence(
  { summary: { date_range: range }, newsletters }: Pick<Report, 'summary' | 'newsletters'>,
  { days, tz, counting, newsletter, now }: PageShown,
): string {
  const clicks = counting === 'human' ? 'Clicks by people' : 'All clicks'
  const list = !newsletters
    ? ''
    : newsletter === undefined
      ? ', all newsletters'
      : newsletter === ''
        ? ', the newsletter without a name'
        : `, newsletter “${newsletter}”`
  return [
    `${rangeWords(range)}: ${lengthOf(range, days, dayAt(now, tz))}, in ${tz}.`,
    `${clicks}${list}.`,
    `Read on ${momentsIn(tz)(new Date(now).toISOString())}.`,
  ].join(' ')
}

/** "30 days" are those before today, with what there is of today. */
function lengthOf({ start, end }: DateRange, days: string | undefined, today: string): string {
  if (days === 'all') return 'all time'
  if (days !== undefined) return `${some(Number(days), 'day')} and today so far`
  const dates = some(daysBetween(start, end) + 1, 'day')
  return start <= today && today <= end ? `${dates}, today so far included` : dates
}
