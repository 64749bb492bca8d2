/** Conversions of a send in all currencies, and the revenue of those in the currency that counts. */
export type SendEarnings = {
  newsletter_send_id: string
  variation_id: number
  /** Pending and approved ones. */
  conversions: number
  pending: number
  rejected: number
  /**
   * Those in the currency: their number, the pending ones of them, their revenue, and the sum of the squared amounts.
   */
  priced: number
  pending_priced: number
  revenue: number
  pending_revenue: number
  squares: number
}

/** How many conversions were known after `known` of the `delayMarks`, for sends that are past `past` of them. */
export type ConversionDelay = { known: number; past: number; conversions: number }

/** What sends so far have earned in one currency. */
export type Earnings = {
  /** `null` as long as there is no conversion in it. */
  currency: string | null
  sends: readonly SendEarnings[]
  delays: readonly ConversionDelay[]
}
