import { LRUCache } from 'lru-cache'
import { manySeconds, manyVariations } from './judge.ts'

/** What the clicks that a visitor has made so far say of the next one. */
export type Recent = { manyLinks: boolean; repeated: boolean }

export type RecentClicks = {
  /** What is known of a visitor who clicks a variation at a time in milliseconds since 1970. */
  before: (visitor: string, variationId: number, at: number) => Recent
  /** Remembers the click that was asked about, once its verdict is known. */
  add: (visitor: string, variationId: number, at: number, machine: boolean) => void
}

type Past = { variationId: number; at: number; machine: boolean }

/** Beyond so many visitors the one that has been silent for longest is forgotten; so are a visitor's older clicks. */
const mostVisitors = 20_000
const mostClicks = 20

/** The last clicks of each visitor hash, in this process only: the final judgement sees those of all instances. */
export function createRecentClicks(duplicateSeconds: number): RecentClicks {
  const visitors = new LRUCache<string, Past[]>({ max: mostVisitors })
  return {
    before(visitor, variationId, at) {
      const past = visitors.get(visitor)
      return past === undefined
        ? nothing
        : {
            manyLinks: hasMany(past, variationId, at),
            repeated: isRepeated(past, variationId, at, duplicateSeconds),
          }
    },
    add(visitor, variationId, at, machine) {
      const past = visitors.get(visitor)
      if (past === undefined) {
        visitors.set(visitor, [{ variationId, at, machine }])
        return
      }
      if (past.length >= mostClicks) past.shift()
      past.push({ variationId, at, machine })
    },
  }
}

const nothing: Recent = { manyLinks: false, repeated: false }

function hasMany(past: readonly Past[], variationId: number, at: number): boolean {
  const second = Math.floor(at / 1000)
  const others: number[] = []
  for (const click of past) {
    if (click.variationId === variationId || others.includes(click.variationId)) continue
    if (Math.abs(Math.floor(click.at / 1000) - second) > manySeconds) continue
    others.push(click.variationId)
    if (others.length + 1 >= manyVariations) return true
  }
  return false
}

const isRepeated = (past: readonly Past[], variationId: number, at: number, seconds: number): boolean =>
  past.some(
    (click) =>
      click.variationId === variationId && !click.machine && Math.abs(at - click.at) < seconds * 1000,
  )
