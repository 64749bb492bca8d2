import { setTimeout as sleep } from 'node:timers/promises'
import { longestRest, restPerWork, rush } from './flusher-rest.ts'

/**
 * Milliseconds between two readers in a rush, however short the first one was: part of the rendering is not measured.
 */
const shortestRest = 50
/** Milliseconds over which redirects are counted: over a shorter time, chance would look like a rush. */
const span = 100

/**
 * Lets redirects go first: while many arrive, a reader waits long enough after the one before, at most two seconds. At
 * other times nobody waits. `visits` is the number of redirects so far; `now` is in milliseconds.
 */
export function createGiveWay(
  visits: () => number,
  now: () => number,
  wait: (milliseconds: number) => Promise<unknown> = sleep,
): <Read>(read: () => Promise<Read>) => Promise<Read> {
  let counted = { at: now(), visits: visits(), perSecond: 0 }
  let free = Number.NEGATIVE_INFINITY

  const inRush = (): boolean => {
    const passed = now() - counted.at
    if (passed >= span) {
      const perSecond = ((visits() - counted.visits) / passed) * 1_000
      counted = { at: now(), visits: visits(), perSecond }
    }
    return counted.perSecond >= rush
  }

  return async (read) => {
    if (!inRush()) return await read()
    const begins = Math.min(Math.max(now(), free), now() + longestRest)
    free = begins + shortestRest
    if (begins > now()) await wait(begins - now())
    const started = now()
    try {
      return await read()
    } finally {
      const rest = Math.min(longestRest, (now() - started) * restPerWork)
      free = Math.max(free, now() + rest)
    }
  }
}
