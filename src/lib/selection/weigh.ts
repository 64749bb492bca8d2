import type { Earnings } from '../model/earnings.ts'
import type { Candidate, Strategy } from '../model/selection.ts'
import { curveOf } from '../stats/arrival.ts'
import { besideCrowds } from '../stats/crowds.ts'
import { poolEvidence } from '../stats/evidence.ts'
import { forNewsletter } from '../stats/newsletters.ts'
import type { PastSend } from '../stats/past-send.ts'
import { besideSigns } from '../stats/signs.ts'
import type { Arm } from './arm.ts'
import { holds, type Rules } from './variety.ts'

/** Share of its weight that evidence keeps per day. */
const keptADay = 0.995
/**
 * Sends in segments give so much evidence that old ones can count for less: 0.98, and more if texts vary from send to
 * send, since then each says less. The loss is the root of the ratio between how far rates move per day and how well a
 * send measures them, as in a steady-state Kalman filter (West & Harrison 1997); 0.995 follows from the same two
 * numbers for whole sends.
 */
const keptADayInSegments = (ownDispersion: number): number =>
  1 - Math.sqrt(movedADay / (shownBySend + ownDispersion))
const movedADay = 2e-6
const shownBySend = 0.005
const day = 86_400_000

export type Situation = {
  candidates: readonly Candidate[]
  /** All sends so far by time, except the one that is being chosen for. */
  sends: readonly PastSend[]
  /** Milliseconds since 1970. */
  now: number
  /** The list that is being chosen for; empty for the one without a name. */
  newsletter: string
  /** What the sends earned, if revenue is the goal. */
  earnings?: Earnings | undefined
}

/**
 * What a strategy sees: all that may be shown and, for `thompson`, all that was ever sent, with the effective
 * evidence of the sends and whether the limits on repetition hold it back (selection-and-statistics, "Evidence"
 * and "Strategies").
 */
export function weigh(
  { candidates, sends, now, newsletter }: Situation,
  strategy: Strategy,
  segments: number,
  rules: Rules,
): Arm[] {
  if (strategy !== 'thompson') return candidates.map((candidate) => armOf(candidate, 0, 0, null))
  const beside = besideCrowds(besideSigns(agedSends(sends, now)).sends).sends
  const { evidence } = poolEvidence(forNewsletter(beside, newsletter), curveOf(beside), {
    keptADay: segments > 1 ? keptADayInSegments : () => keptADay,
  })
  // Repetition is what a reader notices, who reads one list.
  const own = sends.filter((send) => send.newsletter === newsletter)
  const held = holds(own, rules)
  const arms = candidates.map((candidate) => {
    const known = evidence.get(candidate.variation_id)
    if (!known) return armOf(candidate, 0, 0, held(candidate))
    evidence.delete(candidate.variation_id)
    return armOf(candidate, known.k, known.n, held(candidate))
  })
  if (evidence.size === 0) return arms
  for (const { offer_id, variation_id } of sends) {
    const known = evidence.get(variation_id)
    if (!known) continue
    evidence.delete(variation_id)
    const unavailable = { offer_id, variation_id, weight: 0, recipients: 0, human_clicks: 0 }
    arms.push(armOf(unavailable, known.k, known.n, null))
  }
  return arms
}

/** Sends with their age. Field by field, since spreading thousands of sends takes as long as weighing them. */
export const agedSends = (sends: readonly PastSend[], now: number) =>
  sends.map((send) => ({
    offer_id: send.offer_id,
    variation_id: send.variation_id,
    newsletter_send_id: send.newsletter_send_id,
    newsletter: send.newsletter,
    recipients: send.recipients,
    clickers: send.clickers,
    clickers_by: send.clickers_by,
    crowd: send.crowd ?? null,
    signs: send.signs ?? null,
    sent_at: send.sent_at,
    age: (now - send.sent_at) / day,
  }))

const armOf = (
  { offer_id, variation_id, weight, recipients, human_clicks }: Omit<Candidate, 'link_slug'>,
  k: number,
  n: number,
  held: Arm['held'],
): Arm => ({
  offer_id,
  variation_id,
  weight,
  recipients,
  human_clicks,
  k: rounded(k),
  n: rounded(n),
  held,
})

/** As it is stored with a decision, so that the decision can be reproduced. */
export const rounded = (count: number): number => Math.round(count * 1e4) / 1e4
