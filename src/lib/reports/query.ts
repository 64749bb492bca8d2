import * as v from 'valibot'
import { dayAt, daysBefore } from '../base/days.ts'
import { fail, ok, type Result } from '../base/result.ts'
import type { ApiFault } from '../http/answer.ts'
import { invalid, readQuery } from '../http/read.ts'
import { byWhat, type Counting, type ReportQuery, sections } from '../model/report-query.ts'
import { newsletterName } from '../tracking/schemas.ts'
import { timeZoneOf } from '../wording/time-zone-notes.ts'

const wrongId = 'must be a whole number from 1 to 2147483647'

const id = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d{0,9}$/, wrongId),
  v.check((text) => Number(text) <= 2_147_483_647, wrongId),
  v.transform(Number),
)

const wrongDay = 'must be a day that exists, from 2000-01-01 to 2999-12-31, written as 2025-10-18'

const day = v.pipe(v.string(), v.regex(/^2\d{3}-\d{2}-\d{2}$/, wrongDay), v.check(isDay, wrongDay))

const flag = v.pipe(
  v.picklist(['true', 'false'], 'must be true or false'),
  v.transform((text) => text === 'true'),
)

const dayCounts = ['7', '30', '90', '365'] as const

const parametersOfSections = sections.map((name) => `include_${name}` as const)

/** The query of `GET analytics`. */
export const querySchema = v.strictObject({
  offer_id: v.optional(id),
  variation_id: v.optional(id),
  newsletter: v.optional(v.union([v.literal(''), newsletterName], 'must be the name of a newsletter')),
  days: v.optional(v.picklist([...dayCounts, 'all'], 'must be 7, 30, 90, 365 or all')),
  from: v.optional(day),
  to: v.optional(day),
  tz: v.optional(
    v.pipe(
      v.string(),
      v.transform(timeZoneOf),
      v.string('must be the name of a time zone, such as UTC or Europe/Oslo'),
    ),
    'UTC',
  ),
  clicks: v.optional(v.picklist(['all', 'human'], 'must be all or human')),
  ...v.entriesFromList(parametersOfSections, v.optional(flag)),
  format: v.optional(v.picklist(['json', 'csv'], 'must be json or csv'), 'json'),
})

/** Whether a report has such a parameter. */
export const isParameter = (name: string): boolean => Object.hasOwn(querySchema.entries, name)

/**
 * Reads the parameters of a report. `now` is in milliseconds since 1970: a range of days ends with today in the
 * report's time zone; "30 days" begins 30 days before, both included.
 */
export function parseQuery(
  parameters: URLSearchParams,
  now: number,
  defaults: { counting: Counting } = { counting: 'all' },
): Result<ReportQuery, ApiFault> {
  const parsed = readQuery(parameters, querySchema)
  if (!parsed.ok) return parsed
  const { offer_id, variation_id, newsletter, days, from, to, tz, clicks, format } = parsed.value
  const today = dayAt(now, tz)
  const unknown =
    newsletter === undefined ? [] : byWhat.filter((section) => parsed.value[`include_${section}`])
  if (unknown.length > 0) {
    const fault = 'is not known for a single newsletter; leave out this or newsletter'
    return fail(invalid(Object.fromEntries(unknown.map((section) => [`include_${section}`, fault]))))
  }
  if (days !== undefined && (from !== undefined || to !== undefined)) {
    return fail(invalid({ days: 'cannot be combined with from or to; give one of the two' }))
  }
  const end = to ?? today
  if (from !== undefined && from > end) {
    return fail(invalid({ from: `must not be after ${to === undefined ? 'today' : 'to'} (${end})` }))
  }
  const start =
    from ?? (to === undefined && days !== 'all' ? daysBefore(today, Number(days ?? 30)) : undefined)
  return ok({
    ...(offer_id !== undefined && { offer_id }),
    ...(variation_id !== undefined && { variation_id }),
    ...(newsletter !== undefined && { newsletter }),
    ...(start !== undefined && { start }),
    end,
    tz,
    counting: clicks ?? defaults.counting,
    include: new Set(sections.filter((section) => parsed.value[`include_${section}`])),
    format,
  })
}

function isDay(text: string): boolean {
  const moment = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(moment) && new Date(moment).toISOString().startsWith(text)
}
