import type { ConversionRow } from './conversion.ts'

/** Tables that can be requested in addition to the summary and the offers. */
export const tables = [
  'variations',
  'timeline',
  'heatmap',
  'devices',
  'referrers',
  'reasons',
  'sends',
  'attributes',
  'sparklines',
  'conversions',
] as const

export type Table = (typeof tables)[number]

/**
 * What can be requested in addition to the summary and the offers; statistics are added to figures of offers and
 * variations.
 */
export const sections = [...tables, 'statistics'] as const

export type Section = (typeof sections)[number]

/** What each section adds. */
export const aboutSections: Record<Section, string> = {
  variations: 'the texts',
  timeline: 'figures by day',
  heatmap: 'clicks by weekday and hour',
  devices: 'clicks by device, browser and system',
  referrers: 'clicks by referrer and class of referrers',
  reasons: 'clicks by the reason for their verdict',
  sends: 'sends and doubts about them',
  attributes: 'what tone, length and call to action change',
  sparklines: 'sums of each text for about 26 spans of the range',
  conversions: 'conversions, their rates and revenue, once there are any',
  statistics: 'the evidence of all sends so far on offers and included texts',
}

/** What clicks are broken down by, which is unknown for a single newsletter. */
export const byWhat = ['devices', 'referrers', 'reasons'] as const satisfies readonly Table[]

/** Which clicks count: human ones, or all, as in the specification. */
export type Counting = 'all' | 'human'

export type ReportQuery = {
  offer_id?: number
  variation_id?: number
  /** Only the sends of this list; empty for the one without a name. */
  newsletter?: string
  /** The first day, `YYYY-MM-DD`; without one the range begins with the first event. */
  start?: string
  /** The last day, included. */
  end: string
  tz: string
  counting: Counting
  include: ReadonlySet<Section>
  /** What conversions are wanted of; of everything, unless a page shows less. */
  conversions_of?: readonly ConversionRow['of'][]
  format: 'json' | 'csv'
}

/** Whether a report needs to know of all sends so far. */
export const needsEvidence = ({ include }: ReportQuery): boolean =>
  include.has('statistics') || include.has('sends') || include.has('attributes')

/** Whether a report is on all offers, all their texts and all newsletters. */
export const isOfEverything = ({ offer_id, variation_id, newsletter }: ReportQuery): boolean =>
  offer_id === undefined && variation_id === undefined && newsletter === undefined

/** About how many spans of days a report's range is divided into for sparklines. */
export const sparklinePoints = 26
