import { LRUCache } from 'lru-cache'
import { manySeconds, manyVariations } from './judge.ts'

type Past = { variationId: number; at: number; machine: boolean }

/** The last clicks of one visitor, the oldest first. */
export type VisitorClicks = {
  /** Whether a click at a time, in milliseconds since 1970, makes many different links in a few seconds. */
  hasMany: (variationId: number, at: number) => boolean
  /** Whether the visitor, who then was no machine, has just clicked the same variation. */
  isRepeated: (variationId: number, at: number) => boolean
  /** Remembers a click, once its verdict is known. */
  add: (variationId: number, at: number, machine: boolean) => void
}

/** Beyond so many visitors the one who came first is forgotten, and beyond so many clicks the oldest. */
const mostVisitors = 20_000
const mostClicks = 20

/**
 * The last clicks of each visitor hash, in this process only: the final judgement sees those of all instances. Keeping
 * them in order of their last use would cost more than all else here, so the visitor who came first goes first.
 */
export function createRecentClicks(duplicateSeconds: number): (visitor: string) => VisitorClicks {
  const visitors = new LRUCache<string, VisitorClicks>({ max: mostVisitors })
  return (visitor) => {
    const known = visitors.peek(visitor)
    if (known !== undefined) return known
    const clicks = createVisitorClicks(duplicateSeconds * 1000)
    visitors.set(visitor, clicks)
    return clicks
  }
}

function createVisitorClicks(duplicateTime: number): VisitorClicks {
  const past: Past[] = []
  const longest = Math.max(duplicateTime, (manySeconds + 1) * 1000)
  return {
    hasMany(variationId, at) {
      if (past.length < manyVariations - 1) return false
      const others = new Set<number>()
      const second = secondOf(at)
      for (const click of past) {
        if (click.variationId !== variationId && Math.abs(secondOf(click.at) - second) <= manySeconds) {
          others.add(click.variationId)
        }
      }
      return others.size >= manyVariations - 1
    },
    isRepeated(variationId, at) {
      for (const click of past) {
        if (click.variationId !== variationId || click.machine) continue
        if (Math.abs(at - click.at) < duplicateTime) return true
      }
      return false
    },
    add(variationId, at, machine) {
      const oldest = past[0]
      if (past.length >= mostClicks || (oldest && at - oldest.at > longest)) past.shift()
      past.push({ variationId, at, machine })
    },
  }
}

const secondOf = (at: number): number => Math.floor(at / 1000)
