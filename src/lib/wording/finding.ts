import type { LabelCode } from '../stats/label.ts'

/** What the sends so far say about the texts of one offer, and what to do about it. */
export type Finding = {
  offer_id: number
  offer_name: string
  /** The text that the finding is about. */
  variation_id?: number
  code: LabelCode | 'not_sent' | 'no_rival'
  text: string
  advice: string
}
