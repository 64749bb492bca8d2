import type { SendEarnings } from '../model/earnings.ts'
import type { Amounts } from './heavy-amounts.ts'

/** Strength of the prior share that networks approve, in conversions; an offer leans on all offers as strongly. */
const usual = { approved: 0.9, conversions: 10 }

type Told = SendEarnings & { offer_id: number }

/** Expected conversions of a send in all currencies, and the expected amounts of those in the currency that counts. */
export type Expected = { conversions: number; amounts: Amounts }

/**
 * Estimates what a send will bring: a pending conversion counts by the share that networks approve, of its offer and of
 * all.
 */
export function expectingApproval(sends: readonly Told[]): (send: Told) => Expected {
  const ofAll = approvedOf(sends, usual.approved)
  const ofOffers = new Map<number, number>()
  for (const [offer_id, own] of Map.groupBy(sends, (send) => send.offer_id))
    ofOffers.set(offer_id, approvedOf(own, ofAll))
  return (send) => {
    const lost = 1 - (ofOffers.get(send.offer_id) ?? ofAll)
    const priced = send.priced - lost * send.pending_priced
    return {
      conversions: send.conversions - lost * send.pending,
      amounts: {
        conversions: priced,
        revenue: send.revenue - lost * send.pending_revenue,
        squares: send.priced > 0 ? (send.squares * priced) / send.priced : 0,
      },
    }
  }
}

function approvedOf(sends: readonly Told[], before: number): number {
  let approved = usual.conversions * before
  let decided = usual.conversions
  for (const { conversions, pending, rejected } of sends) {
    approved += conversions - pending
    decided += conversions - pending + rejected
  }
  return approved / decided
}
