import type { PeopleRow } from '../store/report-people.ts'

type Of = { offer_id?: number | undefined; variation_id?: number | undefined }

/**
 * Different people who clicked on a text, else on an offer, else on anything. Of those who ask not to be kept
 * only visits are known, each once a text and day; they are taken to come back as often as everybody else does
 * (a ratio estimate; Cochran 1977, section 6.2), where that leaves no part with more people than the whole and
 * the whole with none that no part has. Never more than clicks: those of a text that was deleted go with it,
 * its people stay.
 */
export const peopleOf = (rows: readonly PeopleRow[], of: Of, humanClicks: number): number =>
  Math.min(estimateOf(rows, of), humanClicks)

function estimateOf(rows: readonly PeopleRow[], { offer_id, variation_id }: Of): number {
  const row = rows.find(
    ([offer, text]) =>
      text === (variation_id ?? null) && (variation_id !== undefined || offer === (offer_id ?? null)),
  )
  if (!row) return 0
  const [, , people, visits, unkept] = row
  const all = people + Math.round(visits > 0 ? (unkept * people) / visits : unkept)
  if (variation_id !== undefined || unkept === 0) return all
  let largest = 0
  // Visits of parts that were deleted: each may have been by somebody else.
  let most = visits + unkept
  for (const [offer, text, , visitsOfPart, unkeptOfPart] of rows) {
    if (offer === null || (offer_id === undefined ? text !== null : offer !== offer_id || text === null))
      continue
    const part = estimateOf(rows, { offer_id: offer, variation_id: text ?? undefined })
    largest = Math.max(largest, part)
    most += part - visitsOfPart - unkeptOfPart
  }
  return Math.max(largest, Math.min(all, most))
}
