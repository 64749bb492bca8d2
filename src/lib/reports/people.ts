import type { PeopleRow } from '../model/report-row.ts'

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
  const parts = rows
    .filter(
      ([offer, text]) =>
        offer !== null && (offer_id === undefined ? text === null : offer === offer_id && text !== null),
    )
    .map(([offer, text]) =>
      estimateOf(rows, { offer_id: offer ?? undefined, variation_id: text ?? undefined }),
    )
  return Math.max(
    ...parts,
    Math.min(
      all,
      parts.reduce((sum, part) => sum + part, 0),
    ),
  )
}
