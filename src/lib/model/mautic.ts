/** An e-mail of a send, as stored here. */
export type SentEmail = {
  email_id: number
  variation_id: number | null
  sent_count: number
  /** The count that was last reported; null before the first time. */
  corrected_count: number | null
  /** Whether Mautic has reported on it. */
  read: boolean
  /** Whether its count has not changed for an hour. */
  settled: boolean
}

/** A text that a send was reported to have shown, or was chosen for it. */
export type MauticText = {
  offer_id: number
  variation_id: number
  /** As reported; null if that text was not. */
  recipients: number | null
  /** Milliseconds since 1970; null if it was not reported. */
  sent_at: number | null
}
