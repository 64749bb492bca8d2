import type { Doubt } from './doubt.ts'
import type { AttributeRow, OfferStatistics, Statistics } from './report.ts'

/** What the sends so far say: of each variation, of each offer, and of each kind of text. */
export type Assessment = {
  variations: ReadonlyMap<number, Statistics>
  offers: ReadonlyMap<number, OfferStatistics>
  attributes: Record<'tone' | 'length_category' | 'cta_text', AttributeRow[]>
  /** Sends that do not count as they were reported. */
  doubts: Doubt[]
}
