export const strategies = ['weighted', 'ctr_weighted', 'thompson'] as const

export type Strategy = (typeof strategies)[number]

/** What a learning strategy maximises: clicks, or their revenue. */
export const goals = ['clicks', 'revenue'] as const

/** A goal with the currency in which revenue counts; by default the one with most conversions. */
export type Goal = { goal: (typeof goals)[number]; currency: string | undefined }

/** A variation that may be shown: its offer's base weight, and its recipients and human clicks of all time. */
export type Candidate = {
  offer_id: number
  variation_id: number
  /** Of the offer; above 0. */
  weight: number
  link_slug: string
  recipients: number
  human_clicks: number
}

/** Which blocks are asked for. */
export const blockChoices = ['html', 'text', 'html,text'] as const

export type Blocks = (typeof blockChoices)[number]
