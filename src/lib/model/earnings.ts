/** Conversions of a send in all currencies, and what those in the currency that counts brought. */
export type SendEarnings = {
  newsletter_send_id: string
  variation_id: number
  /** Pending and approved ones. */
  conversions: number
  pending: number
  rejected: number
  /** Those in the currency, the pending ones of them, what they brought, and the sum of the squared amounts. */
  priced: number
  pending_priced: number
  revenue: number
  pending_revenue: number
  squares: number
}

/** How many conversions were known after `known` of `delayMarks`, of sends that are as old as `past` of them. */
export type ConversionDelay = { known: number; past: number; conversions: number }

/** What sends so far have brought in one currency. */
export type Earnings = {
  /** `null` as long as there is no conversion in it. */
  currency: string | null
  sends: readonly SendEarnings[]
  delays: readonly ConversionDelay[]
}
