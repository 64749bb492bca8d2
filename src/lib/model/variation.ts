import * as v from 'valibot'

/** What tracking needs to know of a text variation. */
export type Variation = {
  variation_id: number
  offer_id: number
  /** Null on offers adopted from an earlier system: their variations count on any slug. */
  link_slug: string | null
  /** Former slugs of its offer: newsletters that were sent with them still count. */
  former_slugs: readonly string[]
}

/** Whether a click on a slug counts for a variation. */
export const countsOn = ({ link_slug, former_slugs }: Variation, slug: string): boolean =>
  link_slug === null || link_slug === slug || former_slugs.includes(slug)

export const variationSchema = v.object({
  variation_id: v.number(),
  offer_id: v.number(),
  link_slug: v.nullable(v.string()),
  // Snapshots of earlier versions do not have it.
  former_slugs: v.optional(v.pipe(v.array(v.string()), v.readonly()), []),
})
