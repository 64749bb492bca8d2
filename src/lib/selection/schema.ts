import * as v from 'valibot'
import { blockChoices, strategies } from '../model/selection.ts'
import { id, newsletterName, sendId } from '../tracking/schemas.ts'

const text = v.nullable(v.string())

/** What the newsletter shows. */
const promoSchema = v.object({
  offer_id: id,
  offer_name: v.string(),
  offer_type: v.string(),
  variation_id: id,
  text_content: v.string(),
  cta_text: text,
  tone: text,
  length_category: text,
  link: v.pipe(v.string(), v.url(), v.description('The promo link to put into the newsletter.')),
  strategy: v.picklist(strategies),
  goal: v.exactOptional(
    v.pipe(
      v.literal('revenue'),
      v.description('Present if revenue decided as well (`PROMO_SELECTION_GOAL`), not clicks alone.'),
    ),
  ),
  newsletter: v.exactOptional(v.pipe(v.string(), v.description('The list, if it has a name.'))),
  html: v.exactOptional(
    v.pipe(v.string(), v.description('Text and link as HTML, escaped, if `blocks` asks for it.')),
  ),
  text: v.exactOptional(
    v.pipe(v.string(), v.description('The same for an e-mail’s text, if `blocks` asks for it.')),
  ),
})

export const segmentSchema = v.object({
  ...promoSchema.entries,
  segment: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(8)),
})

/** The answer of `GET select-random`: the first segment's promo, and all of them if segments were requested. */
export const selectionAnswerSchema = v.object({
  ...promoSchema.entries,
  segments: v.exactOptional(v.array(segmentSchema)),
})

export type Promo = v.InferOutput<typeof promoSchema>
export type Selection = v.InferOutput<typeof selectionAnswerSchema>

/** The query of `GET select-random`. */
export const selectionSchema = v.strictObject({
  strategy: v.optional(v.picklist(strategies, 'must be weighted, ctr_weighted or thompson')),
  newsletter_send_id: v.optional(sendId),
  newsletter: v.optional(newsletterName),
  segments: v.optional(
    v.pipe(v.string(), v.regex(/^[2-8]$/, 'must be a whole number from 2 to 8'), v.transform(Number)),
  ),
  blocks: v.optional(v.picklist(blockChoices, 'must be html, text or html,text')),
})
