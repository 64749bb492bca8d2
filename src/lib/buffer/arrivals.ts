import type { TrackingEvent } from '../tracking/event.ts'

/** What became of an accepted event: on disk, only in memory, or dropped since there was room in neither. */
export type Acceptance = 'journaled' | 'in_memory' | 'lost'

/** Events that are written together, and what becomes of them. */
export type Group = {
  events: TrackingEvent[]
  accepted: Promise<Acceptance>
  resolve: (acceptance: Acceptance) => void
}

export const newGroup = (): Group => {
  const { promise, resolve } = Promise.withResolvers<Acceptance>()
  return { events: [], accepted: promise, resolve }
}
