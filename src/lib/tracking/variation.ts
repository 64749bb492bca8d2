import * as v from 'valibot'

/** What tracking needs to know of a text variation. */
export type Variation = {
  variation_id: number
  offer_id: number
  /** Null on offers adopted from an earlier system: their variations count on any slug. */
  link_slug: string | null
}

export const variationSchema = v.object({
  variation_id: v.number(),
  offer_id: v.number(),
  link_slug: v.nullable(v.string()),
})
