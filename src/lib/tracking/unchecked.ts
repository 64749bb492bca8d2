import { createNetworkReader } from '../base/address.ts'
import type { Log } from '../base/log.ts'

/**
 * Lets clicks into the journal whose variation cannot be checked here: it is not in memory, or was on another slug when
 * memory was filled. The database decides about them. So that invented ids cannot fill the journal, only a limited
 * number may wait, and a single address (or IPv6 /64 network) may have a tenth of them, so that the rest is left for
 * readers of a new text.
 */
export type Unchecked = {
  /** Whether one more may wait. `address` is the clicker's; without one, a trusted caller reports it. */
  admit(address?: string): boolean
  /** Reports that the database has decided about some of them. */
  judged(): void
  /** Whether a click was refused within the last minute, and so not recorded. */
  readonly overflowing: boolean
}

const shareOfAddress = 0.1
const reportFor = 60_000
const logEvery = 10_000

/** `most` of them may wait; `waiting` says how many do. */
export function createUnchecked(options: {
  most: number
  waiting: () => number
  now: () => number
  log: Log
}): Unchecked {
  const { most, waiting, now, log } = options
  const mostOfAddress = Math.max(1, most * shareOfAddress)
  const networkOf = createNetworkReader()
  /** Clicks by network since the database last decided about some: while it does, nothing waits for long. */
  const shares = new Map<string, number>()
  let turnedAwayAt = Number.NEGATIVE_INFINITY
  let loggedAt = Number.NEGATIVE_INFINITY

  const turnAway = (reason: string): false => {
    turnedAwayAt = now()
    if (Math.abs(turnedAwayAt - loggedAt) >= logEvery) {
      loggedAt = turnedAwayAt
      log.error({ waiting: waiting(), most }, `a click was not recorded: ${reason} (PROMO_UNCHECKED_MAX)`)
    }
    return false
  }

  return {
    admit(address) {
      if (waiting() >= most) return turnAway('too many clicks are waiting to be checked')
      if (address === undefined) return true
      const network = networkOf(address)
      const share = (shares.get(network) ?? 0) + 1
      if (share > mostOfAddress) return turnAway('too many clicks of one address are waiting to be checked')
      shares.set(network, share)
      return true
    },
    judged: () => shares.clear(),
    get overflowing() {
      return Math.abs(now() - turnedAwayAt) < reportFor
    },
  }
}
