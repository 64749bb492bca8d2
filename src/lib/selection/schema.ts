import * as v from 'valibot'
import { sendId } from '../tracking/schemas.ts'

/** The query of `GET select-random`. */
export const selectionSchema = v.strictObject({
  strategy: v.optional(v.picklist(['weighted', 'ctr_weighted'], 'must be weighted or ctr_weighted')),
  newsletter_send_id: v.optional(sendId),
})
