import * as v from 'valibot'
import { newsletterName, sendId } from '../tracking/schemas.ts'
import { strategies } from './arm.ts'

/** The query of `GET select-random`. */
export const selectionSchema = v.strictObject({
  strategy: v.optional(v.picklist(strategies, 'must be weighted, ctr_weighted or thompson')),
  newsletter_send_id: v.optional(sendId),
  newsletter: v.optional(newsletterName),
  segments: v.optional(
    v.pipe(v.string(), v.regex(/^[2-8]$/, 'must be a whole number from 2 to 8'), v.transform(Number)),
  ),
})
