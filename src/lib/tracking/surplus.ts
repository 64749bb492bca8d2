import { floodReason } from '../classify/judge.ts'
import type { SurplusClicks } from '../model/event.ts'
import type { NewEventId } from './event-id.ts'
import { createFlood, type Flood } from './flood.ts'

/** A machine's click on a text that is known here; `at` in milliseconds since 1970. */
export type MachineClick = {
  at: number
  /** Whose it is, as `NetworkReader` names it. */
  network: string
  offerId: number
  variationId: number
  reason: string
}

/**
 * The count that a machine's click adds to, with it; `undefined` if the click is kept by itself, as the first ones of
 * an address in each minute are.
 */
export type Surplus = (click: MachineClick) => SurplusClicks | undefined

/** What bounds the clicks of one address: its people's, and separately its machines'. */
export const boundClicks = (
  clicksPerMinute: number,
  newEventId: NewEventId,
): { flood: Flood; surplus: Surplus } => ({
  flood: createFlood(clicksPerMinute),
  surplus: createSurplus(clicksPerMinute, newEventId),
})

const minute = 60_000

/**
 * Of an address, `clicksPerMinute` machine clicks are kept one by one, and none that is a machine's for being beyond as
 * many of its people. Machines are counted by themselves: they count towards nobody's flood.
 */
export function createSurplus(clicksPerMinute: number, newEventId: NewEventId): Surplus {
  const isBeyond = createFlood(clicksPerMinute)
  /** Of the minute that clicks come in; no more than there are texts and reasons. */
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
