import type { AttributeRow, Doubt, OfferStatistics, Statistics } from './report.ts'

/** What the sends so far say: of each variation, of each offer, and of each kind of text. */
export type Assessment = {
  variations: ReadonlyMap<number, Statistics>
  offers: ReadonlyMap<number, OfferStatistics>
  attributes: Record<'tone' | 'length_category' | 'cta_text', AttributeRow[]>
  /** Sends whose rate is so far from that of their neighbours that they hardly count. */
  doubts: Doubt[]
}
