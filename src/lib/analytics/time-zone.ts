/** Names of three letters that the time zone database has; others are abbreviations, which mean several places. */
const shortNames = /^(cet|eet|est|gmt|hst|met|mst|prc|roc|rok|uct|utc|wet)$/i

/**
 * The name of a time zone as both the database and this process understand it alike, or `undefined` where it is none. A
 * name of one word is answered by the place that it stands for: to PostgreSQL "CET" is an abbreviation without summer
 * time before it is a zone with one. Offsets such as "+02:00" are no names: to PostgreSQL they mean the opposite.
 */
export function timeZoneOf(given: string): string | undefined {
  // PostgreSQL names the time of a device whose zone nobody has set.
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
