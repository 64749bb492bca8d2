/** Names of three letters in the time zone database; others are ambiguous abbreviations. */
const shortNames = /^(cet|eet|est|gmt|hst|met|mst|prc|roc|rok|uct|utc|wet)$/i

/**
 * The name of a time zone as both the database and this process understand it alike, or `undefined` if it is none. A
 * name of one word is replaced by a place: PostgreSQL takes "CET" for an abbreviation without summer time rather than
 * for a zone with it. Offsets such as "+02:00" are not names: PostgreSQL takes them for the opposite.
 */
export function timeZoneOf(given: string): string | undefined {
  // PostgreSQL has a name for the time of a device without a zone.
  if (given === 'Factory') return 'UTC'
  const name = given.replace(/^posix\//, '')
  if (!/^[a-z]/i.test(name)) return undefined
  if (/^[a-z]{3}$/i.test(name) && !shortNames.test(name)) return undefined
  try {
    const place = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
    return name.includes('/') ? name : place
  } catch {
    return undefined
  }
}

type Range = { start: string; end: string }

const day = 86_400_000
const clock = (minutes: number): string => `00:${String(minutes).padStart(2, '0')}`

/** The offsets of a zone from UTC within a range of days, in minutes; checked weekly, since clocks rarely change. */
function offsetsOf(timeZone: string, { start, end }: Range): number[] {
  if (timeZone === 'UTC') return [0]
  // The Swedish format is that of ISO 8601.
  const form = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
  const last = Date.parse(end)
  const moments = [last]
  for (let moment = Date.parse(start); moment < last; moment += 7 * day) moments.push(moment)
  const offsets = moments.map((moment) => (Date.parse(`${form.format(moment)}Z`) - moment) / 60_000)
  return [...new Set(offsets)]
}

/** A note about days and hours in a zone whose hours are not those of UTC; nothing for other zones. */
export function hoursNote(timeZone: string, range: Range): string | undefined {
  const offsets = offsetsOf(timeZone, range)
  const begins = offsets.map((offset) => ((offset % 60) + 60) % 60)
  const minutes = Math.max(...begins)
  if (minutes === 0) return undefined
  const when = begins.includes(0) ? ' for a part of this period' : ''
  return (
    `Clicks are added up by UTC hours, which begin ${minutes} minutes past the hour in ` +
    `${timeZone}${when}. Each hour counts where it begins: a day runs from ${clock(minutes)} to ` +
    `${clock(minutes)}, and the hour 12:00 from 12:${minutes} to 13:${minutes}.`
  )
}

/** A note for figures that use UTC days; nothing if all days are UTC days. */
export const utcDays = (timeZone: string, range: Range): string | undefined =>
  offsetsOf(timeZone, range).some((offset) => offset !== 0)
    ? `By UTC days, not by days in ${timeZone}.`
    : undefined

/** The same for visitors, which are shown next to other figures. */
export const utcVisitors = (timeZone: string, range: Range): string | undefined => {
  const days = utcDays(timeZone, range)
  return days && `Different visitors: ${days.charAt(0).toLowerCase()}${days.slice(1)}`
}
