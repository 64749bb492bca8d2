import { sum } from 'd3-array'
import { count, share } from '../wording/formats.ts'
import { short } from './scale.ts'

export type SharePart = { name: string; clicks: number }
export type PartMark = { name: string; text: string; clicks: string; width: number }

/**
 * Parts of a whole, the largest first; all beyond `most` form one part, `Other`, at the end. `width` is per cent of the
 * whole.
 */
export function drawShares(parts: readonly SharePart[], most: number): { marks: PartMark[]; total: number } {
  const total = sum(parts, ({ clicks }) => clicks)
  const sorted = parts.filter(({ clicks }) => clicks > 0).toSorted((one, other) => other.clicks - one.clicks)
  // A single remaining part is named instead.
  const shown = sorted.length <= most + 1 ? sorted : sorted.slice(0, most)
  const rest = sum(sorted.slice(shown.length), ({ clicks }) => clicks)
  return {
    total,
    marks: [...shown, ...(rest > 0 ? [{ name: 'Other', clicks: rest }] : [])].map(({ name, clicks }) => ({
      name,
      clicks: count(clicks),
      text: share(clicks, total),
      width: short((clicks / total) * 100),
    })),
  }
}
