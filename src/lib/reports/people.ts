import type { PeopleRow } from '../store/report-people.ts'

type Of = { offer_id?: number | undefined; variation_id?: number | undefined }

/**
 * Different people who clicked on a text, an offer, or anything. For those of whom nothing is stored only visits are
 * known, once per text and day; they are assumed to return as often as everybody else (a ratio estimate; Cochran 1977,
 * section 6.2), as long as no part gets more people than the whole, and the whole no more than its parts. Never more
 * than clicks: the clicks of a deleted text are deleted with it, but not its people.
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
  // Visits to deleted parts: each may have been by a different person.
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
