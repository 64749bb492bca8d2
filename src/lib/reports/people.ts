import type { PeopleRow } from '../model/report-row.ts'

/**
 * Different people who clicked on a text, else on an offer, else on anything. Of those who ask not to be kept only visits are
 * known, each once a text and day; they are taken to come back as often as everybody else does (a ratio estimate; Cochran
 * 1977, section 6.2). Never more than clicks: those of a text that was deleted go with it, its people stay.
 */
export function peopleOf(
  rows: readonly PeopleRow[],
  { offer_id, variation_id }: { offer_id?: number; variation_id?: number },
  humanClicks: number,
): number {
  const row = rows.find(
    ([offer, text]) =>
      text === (variation_id ?? null) && (variation_id !== undefined || offer === (offer_id ?? null)),
  )
  if (!row) return 0
  const [, , people, visits, unkept] = row
  const all = people + Math.round(visits > 0 ? (unkept * people) / visits : unkept)
  return Math.min(all, humanClicks)
}
