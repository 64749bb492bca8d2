import { floodReason } from '../classify/judge.ts'
import type { SurplusClicks } from '../model/event.ts'
import type { NewEventId } from './event-id.ts'
import { createFlood, type Flood } from './flood.ts'

/** A machine's click on a text that is known here; `at` in milliseconds since 1970. */
export type MachineClick = {
  at: number
  /** The client's network, as `NetworkReader` names it. */
  network: string
  offerId: number
  variationId: number
  reason: string
}

/**
 * The count that a machine's click adds to, including it; `undefined` if the click gets a row of its own, like the
 * first ones of an address in each minute.
 */
export type Surplus = (click: MachineClick) => SurplusClicks | undefined

/** Limits the clicks of one address: people's and machines' separately. */
export const boundClicks = (
  clicksPerMinute: number,
  newEventId: NewEventId,
): { flood: Flood; surplus: Surplus } => ({
  flood: createFlood(clicksPerMinute),
  surplus: createSurplus(clicksPerMinute, newEventId),
})

const minute = 60_000

/**
 * Per address, `clicksPerMinute` machine clicks get rows of their own, but none that is a machine's because it exceeds
 * the limit for people. Machines are counted separately: they do not count towards a flood.
 */
export function createSurplus(clicksPerMinute: number, newEventId: NewEventId): Surplus {
  const isBeyond = createFlood(clicksPerMinute)
  /** The counts of the current minute; at most one per text and reason. */
  const counts = new Map<string, SurplusClicks>()
  let current = Number.NaN

  return ({ at, network, offerId, variationId, reason }) => {
    if (reason !== floodReason && !isBeyond(network, at)) return undefined
    if (Math.floor(at / minute) !== current) {
      current = Math.floor(at / minute)
      counts.clear()
    }
    const key = `${offerId} ${variationId} ${reason}`
    const before = counts.get(key)
    const count: SurplusClicks = before
      ? { ...before, clicks: before.clicks + 1 }
      : {
          kind: 'surplus',
          event_id: newEventId(at),
          caller_key: false,
          at,
          offer_id: offerId,
          variation_id: variationId,
          reason,
          clicks: 1,
        }
    counts.set(key, count)
    return count
  }
}
