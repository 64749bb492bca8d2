import type { TrackingEvent } from '../model/event.ts'

/** What happened to an accepted event: on disk, only in memory, or dropped because there was no room in either. */
export type Acceptance = 'journaled' | 'in_memory' | 'lost'

/** Events that are written together, and their outcome. */
export type Group = {
  events: TrackingEvent[]
  accepted: Promise<Acceptance>
  resolve: (acceptance: Acceptance) => void
  /** The surplus counts among them, by id, with their positions; created with the first one. */
  counts?: Map<string, { place: number; clicks: number }>
}

export const newGroup = (): Group => {
  const { promise, resolve } = Promise.withResolvers<Acceptance>()
  return { events: [], accepted: promise, resolve }
}

/** Adds an event. Of two counts of the same surplus clicks, the higher one replaces the other. */
export function addTo(group: Group, event: TrackingEvent): void {
  if (event.kind !== 'surplus') {
    group.events.push(event)
    return
  }
  group.counts ??= new Map()
  const known = group.counts.get(event.event_id)
  if (known && known.clicks >= event.clicks) return
  const place = known?.place ?? group.events.length
  group.counts.set(event.event_id, { place, clicks: event.clicks })
  group.events[place] = event
}
