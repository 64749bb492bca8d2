import { createFading, type Fading } from './fading.ts'
import { manySeconds, manyVariations } from './judge.ts'

/** The clicks of one visitor so far, as far as they matter for the next one. */
export type VisitorClicks = {
  /** Whether a click at this time, in milliseconds since 1970, is one of many different links within a few seconds. */
  hasMany: (variationId: number, at: number) => boolean
  /** Whether a click of the visitor on the same variation has just counted as a person's. */
  isRepeated: (variationId: number, at: number) => boolean
  /** Remembers a click, once its verdict is known. */
  add: (variationId: number, at: number, counts: boolean) => void
}

/** The last click on a variation, and the last that counted. */
type Last = { variationId: number; at: number; counted: number }

/** Beyond these many visitors, or variations, the oldest is forgotten. */
const mostVisitors = 20_000
const mostVariations = 20

export type RecentClicks = {
  of: (visitor: string, at: number) => VisitorClicks
  fade: Fading<unknown>['fade']
}

/** The last clicks of each visitor, in this process only: the final judgement sees those of all instances. */
export function createRecentClicks(duplicateSeconds: number): RecentClicks {
  const visitors = createFading<VisitorClicks>(mostVisitors)
  return {
    fade: visitors.fade,
    of(visitor, at) {
      const known = visitors.get(visitor, at)
      if (known !== undefined) return known
      const clicks = createVisitorClicks(duplicateSeconds * 1000)
      visitors.set(visitor, clicks, at)
      return clicks
    },
  }
}

function createVisitorClicks(duplicateTime: number): VisitorClicks {
  const lasts: Last[] = []
  return {
    hasMany(variationId, at) {
      const second = Math.floor(at / 1000)
      const from = (second - manySeconds) * 1000
      const before = (second + manySeconds + 1) * 1000
      let links = 1
      for (const last of lasts) {
        if (last.variationId !== variationId && last.at >= from && last.at < before) links += 1
      }
      return links >= manyVariations
    },
    isRepeated: (variationId, at) =>
      lasts.some((last) => last.variationId === variationId && Math.abs(at - last.counted) < duplicateTime),
    add(variationId, at, counts) {
      const last = lasts.find((one) => one.variationId === variationId)
      if (last) {
        last.at = at
        if (counts) last.counted = at
        return
      }
      if (lasts.length >= mostVariations) lasts.shift()
      lasts.push({ variationId, at, counted: counts ? at : Number.NEGATIVE_INFINITY })
    },
  }
}
