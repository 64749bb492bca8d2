export const strategies = ['weighted', 'ctr_weighted', 'thompson'] as const

export type Strategy = (typeof strategies)[number]

/** A variation that may be shown: its offer's base weight, and what people did with it in all time. */
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
