import type { Candidate } from '../model/selection.ts'
import type { PastSend } from '../stats/past-send.ts'
import type { Hold } from './arm.ts'

/** Limits on repetition, counted in sends, and the share of sends that are drawn regardless of what was learned. */
export type Rules = {
  /** Other sends between two sends of an offer. */
  offerGap: number
  /** How many of `window` consecutive sends may have the same offer. */
  offerSends: number
  window: number
  /** Other sends between two sends of a variation. */
  variationGap: number
  /** Share of the sends that are drawn by base weight alone, 0 to 1. */
  floor: number
}

type SentPromo = Pick<PastSend, 'newsletter_send_id' | 'offer_id' | 'variation_id'>

/**
 * Why each variation would be held back now. `sends` are in the order of their time. A send counts once, however many
 * segments it had.
 */
export function holds(
  sends: readonly SentPromo[],
  { offerGap, offerSends, window, variationGap }: Rules,
): (candidate: Pick<Candidate, 'offer_id' | 'variation_id'>) => Hold | null {
  const reach = Math.max(offerGap, variationGap, window - 1)
  const resting = new Set<number>()
  const repeated = new Set<number>()
  const shown = new Map<number, number>()
  for (const [back, own] of newestFirst(sends, reach).entries()) {
    for (const offer_id of new Set(own.map((send) => send.offer_id))) {
      if (back < offerGap) resting.add(offer_id)
      if (back < window - 1) shown.set(offer_id, (shown.get(offer_id) ?? 0) + 1)
    }
    if (back < variationGap) for (const { variation_id } of own) repeated.add(variation_id)
  }
  return ({ offer_id, variation_id }) => {
    if (resting.has(offer_id)) return 'offer_gap'
    if ((shown.get(offer_id) ?? 0) >= offerSends) return 'offer_share'
    return repeated.has(variation_id) ? 'variation_gap' : null
  }
}

/** The last sends, at most this many, each with its segments. */
function newestFirst(sends: readonly SentPromo[], most: number): SentPromo[][] {
  const found = new Map<string, SentPromo[]>()
  for (const send of sends.toReversed()) {
    const known = found.get(send.newsletter_send_id)
    if (known) known.push(send)
    else if (found.size < most) found.set(send.newsletter_send_id, [send])
    else break
  }
  return [...found.values()]
}

/**
 * Those that the limits allow. If they allow none, an offer may exceed its share and a variation may return early; if
 * that is not enough, an offer may follow itself.
 */
export function allowed<Held extends { held: Hold | null }>(arms: readonly Held[]): readonly Held[] {
  const free = arms.filter(({ held }) => held === null)
  if (free.length > 0) return free
  const rested = arms.filter(({ held }) => held !== 'offer_gap')
  return rested.length > 0 ? rested : arms
}
