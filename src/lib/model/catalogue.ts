export type CatalogueLink = {
  slug: string
  destination_url: string
  active: boolean
  utm: Record<string, string>
  pass_parameters: boolean
  click_id_parameter: string | null
}

export type CatalogueOffer = {
  name: string
  offer_type: string
  link_slug: string | null
  weight: number
  active: boolean
  document_id: string | null
}

export type CatalogueVariation = {
  text_content: string
  cta_text: string | null
  tone: string | null
  length_category: string | null
  approved: boolean
  document_id: string | null
}

/**
 * Sends and clicks that a small newsletter could have had, to try things out. Sample data can be distinguished from
 * real data: its sends are named `sample-YYYY-MM-DD-daily`.
 */

export type SampleVariation = { offer_id: number; variation_id: number; weight: number }
