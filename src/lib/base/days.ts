/** The calendar day, `YYYY-MM-DD`, of a moment in milliseconds since 1970. */
export const dayAt = (moment: number, tz: string): string =>
  new Intl.DateTimeFormat('en-CA', {
    timeZone: tz,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).format(moment)

const dayLength = 86_400_000

/** The day that is this many days before another one; a negative number goes forward. */
export const daysBefore = (day: string, days: number): string =>
  new Date(Date.parse(day) - days * dayLength).toISOString().slice(0, 10)

/** The number of days between two days: 0 for the same day. */
export const daysBetween = (start: string, end: string): number =>
  Math.round((Date.parse(end) - Date.parse(start)) / dayLength)
