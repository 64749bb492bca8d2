/** Sums of the rollups, as they come from the database. */
export type Sums = {
  impressions: number
  clicks: number
  human_clicks: number
  machine_clicks: number
  duplicate_clicks: number
  uncertain_clicks: number
  unique_clicks: number
}

export type OfferSums = Sums & { offer_id: number; offer_name: string; offer_type: string; active: boolean }

export type VariationSums = Sums & {
  variation_id: number
  offer_id: number
  text_content: string
  cta_text: string | null
  tone: string | null
  length_category: string | null
  approved: boolean
}
