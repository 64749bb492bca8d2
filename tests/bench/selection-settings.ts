import type { Strategy } from '../../src/lib/model/selection.ts'
import type { Setting } from './newsletter-world.ts'

const plain: Setting = {
  name: '',
  offers: 5,
  variations: 4,
  recipients: 50_000,
  days: 365,
  sigma: 0.25,
  segments: 1,
  change: 'none',
  variety: false,
}

export type Bar = Setting & { least: number; tenth?: number }

/**
 * The settings of the bars table (selection-and-statistics, "Bars"); `least` and `tenth` are per cent of the
 * oracle.
 */
export const bars: readonly Bar[] = [
  { ...plain, name: '1k', recipients: 1_000, least: 92 },
  { ...plain, name: '50k', least: 93.5, tenth: 90 },
  { ...plain, name: '50k, fading winner', change: 'fading', least: 86 },
  { ...plain, name: '50k, drift', change: 'drift', least: 87 },
  { ...plain, name: '50k, new offers', change: 'new offers', least: 87 },
  { ...plain, name: '50k, 20 × 10', offers: 20, variations: 10, least: 82 },
  { ...plain, name: '1k, variety', recipients: 1_000, variety: true, least: 94 },
  { ...plain, name: '50k, variety', variety: true, least: 95 },
  { ...plain, name: '50k, variety, drift', variety: true, change: 'drift', least: 89 },
  { ...plain, name: '50k, 4 segments', segments: 4, least: 98 },
  { ...plain, name: '50k, 4 segments, fading', segments: 4, change: 'fading', least: 96.5 },
  { ...plain, name: '50k, 4 segments, drift', segments: 4, change: 'drift', least: 94 },
]

/** Shown in addition to the bars: settings with next to nothing to learn from. */
export const tiny: Setting = { ...plain, name: '5 a day', recipients: 5 }

export const strategies: readonly Strategy[] = ['weighted', 'ctr_weighted', 'thompson']
