/** What the endpoints take and answer, for a program that calls them. Types only. */
export type { ConversionReport } from './lib/conversions/schema.ts'
export type { Report } from './lib/model/report.ts'
export type { Promo, Selection } from './lib/selection/schema.ts'
export type { ClickSubmission, ImpressionSubmission } from './lib/tracking/schemas.ts'
