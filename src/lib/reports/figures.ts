import type { Figures } from '../model/report.ts'
import type { Sums } from '../model/sums.ts'

/**
 * Clicks per hundred impressions, to two decimals or two significant digits, halves rounded up, as in the database;
 * `null` if there were no impressions. A single division of integers, since rounding twice would be wrong.
 */
export function rate(clicks: number, impressions: number): number | null {
  if (impressions <= 0) return null
  const exact = (clicks * 100) / impressions
  const step = 10 ** (exact > 0 && exact < 0.1 ? 1 - Math.floor(Math.log10(exact)) : 2)
  return Math.round((clicks * 100 * step) / impressions) / step
}

/** Sums with their rates. */
export const figuresOf = (sums: Sums): Figures => ({
  impressions: sums.impressions,
  clicks: sums.clicks,
  ctr: rate(sums.clicks, sums.impressions),
  human_clicks: sums.human_clicks,
  human_ctr: rate(sums.human_clicks, sums.impressions),
  machine_clicks: sums.machine_clicks,
  duplicate_clicks: sums.duplicate_clicks,
  uncertain_clicks: sums.uncertain_clicks,
  unique_clicks: sums.unique_clicks,
})

/** The beginning of a text, in the specification's form: at most about fifty characters, cut between words. */
export function previewOf(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  // Fifty characters are at most twice as many code units, and a text may be long.
  const characters = [...line.slice(0, 102)]
  if (characters.length <= 50) return line
  const cut = characters.slice(0, 50).join('')
  const lastBlank = cut.lastIndexOf(' ')
  return `${(lastBlank > 25 ? cut.slice(0, lastBlank) : cut).replace(/[\s.,;:!?…–-]+$/, '')}...`
}
