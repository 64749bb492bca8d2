/** What the endpoints take and answer, for a program that calls them. Types only. */
import type * as v from 'valibot'
import type { conversionSchema } from './lib/conversions/schema.ts'
import type { clickSchema, impressionSchema } from './lib/tracking/schemas.ts'

export type { Report } from './lib/model/report.ts'
export type { Promo, Selection } from './lib/selection/schema.ts'

/** The body of `POST track-click`. */
export type ClickSubmission = v.InferInput<typeof clickSchema>
/** The body of `POST track-impression`. */
export type ImpressionSubmission = v.InferInput<typeof impressionSchema>
/** The body of `POST track-conversion`. */
export type ConversionSubmission = v.InferInput<typeof conversionSchema>
