import type { VariationSums } from './sums.ts'

/** What names a send of a variation; a send in segments is one of each of its variations. */
export type SendOfText = { variation_id?: number | undefined; newsletter_send_id?: string | null | undefined }

export const keyOfSend = ({ variation_id, newsletter_send_id }: SendOfText): string =>
  `${variation_id} ${newsletter_send_id}`

/** A send of a variation and its visitors so far. */
export type SendEvidence = {
  offer_id: number
  variation_id: number
  newsletter_send_id: string
  /** Which list it went to; empty for the one without a name. */
  newsletter: string
  /** Milliseconds since 1970. */
  sent_at: number
  recipients: number
  clickers: number
  /** Those by each of `marks`, see `stats/arrival.ts`. */
  clickers_by: readonly number[]
  /** Its clicks from crowded addresses; null if there are none. */
  crowd?: Crowd | null
  /** Its weak signs of machines; null if there are none. */
  signs?: Signs | null
}

/** What the statistics are made of, over all offers and all time, whatever the report is about. */
export type SendsAndTexts = {
  sends: SendEvidence[]
  variations: Pick<
    VariationSums,
    'variation_id' | 'offer_id' | 'tone' | 'length_category' | 'cta_text' | 'approved'
  >[]
}

/**
 * The clicks of a send at crowded addresses: those of companies, carriers, relays, where people cannot be told apart.
 */
export type Crowd = {
  /** How many such addresses there are, how often they were visited, and how often the one that was visited most. */
  addresses: number
  visits: number
  largest: number
  /** Human clicks at all other addresses. */
  other_clicks: number
  /** Those of its clickers who are at these addresses, and the same by each of `marks`. */
  clickers: number
  clickers_by: readonly number[]
}

/** Weak signs of machines on a send. */
export type Signs = {
  /** Its clickers with one weak sign: probably people. */
  uncertain: number
  /** Clicks that two weak signs have made a machine's: hardly people's, and not counted as clickers. */
  doubtful: number
}
