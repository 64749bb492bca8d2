import type { SendEarnings } from '../model/earnings.ts'
import type { Amounts } from './heavy-amounts.ts'

/**
 * What is believed of networks before they have decided, as if of so many conversions; an offer leans on all as
 * much.
 */
const usual = { approved: 0.9, conversions: 10 }

type Told = SendEarnings & { offer_id: number }

/**
 * Conversions of a send in all currencies, and the amounts of those that have one that counts, as they are to
 * be expected.
 */
export type Expected = { conversions: number; amounts: Amounts }

/**
 * How to tell what is to be expected of a send: pending ones count by the share that networks approve, of the
 * offer and of all.
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
