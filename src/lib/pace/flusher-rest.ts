/** This many events per second mean that readers are clicking right now. */
export const rush = 1_000
export const restPerWork = 30
export const longestRest = 2_000
/** With this many waiting events the flusher works even in a rush, since waiting events are limited. */
const patience = 100_000

export type Flushed = {
  /** Events in the flush. */
  flushed: number
  /** Milliseconds that it took. */
  took: number
  /** Events that wait now. */
  waiting: number
}

/**
 * How long to pause after a flush, in milliseconds. In a rush redirects need the processor, and events can wait in the
 * journal; at other times the next flush may follow at once.
 */
export function createPace(now: () => number): (flush: Flushed) => number {
  let last = { at: now(), waiting: 0 }
  return ({ flushed, took, waiting }) => {
    const at = now()
    const arrived = waiting - (last.waiting - flushed)
    const perSecond = (arrived / Math.max(1, at - last.at)) * 1_000
    last = { at, waiting }
    return perSecond < rush || waiting >= patience ? 0 : Math.min(longestRest, restPerWork * took)
  }
}
