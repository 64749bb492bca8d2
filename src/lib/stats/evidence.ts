import type { Curve } from './arrival.ts'
import { type Dispersion, dispersionOf, type Evidence, ownDispersionOf, sumOf } from './dispersion.ts'
import { type Drift, driftOf } from './drift.ts'
import type { SendSegment, TextEvidence } from './known.ts'
import { newNode } from './network.ts'
import { type Doubted, type Exposed, type Send, sortSends } from './parts.ts'
import { addAll, besideOthers, settleRates, smoothed } from './settle-rates.ts'

export type { Evidence, Send }

export type Pooled<Sent extends Send = Send> = {
  /** How much sends of a text differ, on whatever account: see `Dispersion`. */
  dispersion: number
  /** How much a text's advantage differs from send to send. */
  ownDispersion: number
  /** By variation. */
  evidence: Map<number, TextEvidence>
  /** All that was sent and counts, send by send. */
  sends: SendSegment[][]
  doubted: Doubted<Sent>[]
  drift: Drift
}

export type Weighing = {
  /**
   * What evidence keeps of its weight each day, by how much a text's advantage differs from send to send: 1
   * keeps all.
   */
  keptADay?: (ownDispersion: number) => number
  /** Takes sends to be as different as they might be, and all rates as they are today: for claims that have to hold. */
  cautious?: boolean
}

/**
 * Effective clicks and recipients of each variation. All recipients of a send share its day, so a send is worth
 * at most 1/dispersion clicks, however large it is (selection-and-statistics, "Evidence").
 *
 * Segments of one send tell one another's day. Its factor, a gamma variable with mean 1 and the dispersion as
 * its variance, is estimated for each segment from the others: after K clicks where E were expected its mean is
 * (1/dispersion + K) / (1/dispersion + E) and its relative variance 1 / (1/dispersion + K). The mean corrects
 * the recipients, the variance takes the dispersion's place in the design effect. This is the Poisson model
 * with random effects of Breslow & Clayton 1993. Its estimates are found by Newton's method on the network of
 * texts and days. The precision is that of each as if the others were known (a factorised approximation; Bishop
 * 2006, section 10.1.2). Where texts have hardly met, that is too sure: `learn.ts` has what may be told to
 * people. A send of one variation has no others, and keeps its dispersion.
 *
 * A text's advantage differs from send to send as well, which no splitting cancels: that variance is added to
 * each segment.
 */
export function poolEvidence<Sent extends Send>(
  all: readonly Sent[],
  curve: Curve,
  { keptADay = () => 1, cautious = false }: Weighing = {},
): Pooled<Sent> {
  const { counted, doubted, pool } = sortSends(all, curve)
  const groups = Map.groupBy(counted, ({ variation_id }) => variation_id)
  const take = ({ expected, cautious: upper }: Dispersion): number => (cautious ? upper : expected)
  // Sends to other readers do not show how those asked about differ.
  const first = dispersionOf([...groups.values()].map((own) => own.filter(({ weight }) => weight === 1)))
  const drift = driftOf(counted, groups, cautious ? first.expected : undefined, pool)
  const total = take(cautious ? dispersionOf(drift.corrected) : first)
  const { known, sends } = together(groups, pool)
  const split = sends.some(({ length }) => length > 1)
  const texts = [...known.values()]
  // How much a text's own advantage differs is seen where that is not yet taken for granted.
  setVariances(sends, drift, total, 0)
  if (split) settleRates(texts, sends, pool, 0.05)
  const own = take(ownDispersionOf(split ? besideOthers(sends) : []))
  setVariances(sends, drift, total, own)
  const kept = keptADay(own)
  if (kept < 1) for (const segment of sends.flat()) segment.kept *= kept ** segment.part.age
  if (split) settleRates(texts, sends, pool, 0.003)
  addAll(texts, sends)
  return { dispersion: total, ownDispersion: own, evidence: known, sends, doubted, drift }
}

/** Each text, with the rate that its sends have on the whole, and the parts of each send. */
function together(
  groups: ReadonlyMap<number, readonly Exposed[]>,
  pool: number,
): { known: Map<number, TextEvidence>; sends: SendSegment[][] } {
  const known = new Map<number, TextEvidence>()
  const bySend = new Map<string, SendSegment[]>()
  for (const [variation_id, own] of groups) {
    const rate = smoothed(sumOf(own), pool)
    const of = { ...newNode(), offer_id: 0, variation_id, k: 0, n: 0, rate, precision: 0, sends: own.length }
    known.set(variation_id, of)
    for (const part of own) {
      of.offer_id = part.offer_id
      const n = part.n * part.factor
      const segment = { of, k: part.k, n, kept: part.weight, exposed: n, own: 0, ofSend: 0, others: 0, part }
      const others = bySend.get(part.newsletter_send_id)
      if (others) others.push(segment)
      else bySend.set(part.newsletter_send_id, [segment])
    }
  }
  return { known, sends: [...bySend.values()] }
}

/** Gives each segment its variances. What a text's own advantage differs by is part of what its sends differ by. */
function setVariances(sends: readonly SendSegment[][], drift: Drift, total: number, own: number): void {
  for (const segments of sends) {
    // Of a send of one text only the sum matters, which more sends tell than each of the two.
    const ofText = segments.length > 1 ? own : Math.min(own, total)
    const ofDays = Math.max(leastOfDays, total - ofText)
    let runs = 0
    let lag = 0
    for (const { of, part } of segments) {
      runs += drift.runOf(of.variation_id) / segments.length
      lag = Math.max(lag, part.lag)
    }
    for (const segment of segments) {
      const { extraOwn, extraOfSend, unsure } = segment.part
      segment.own = ofText + extraOwn + unsure
      segment.ofSend = ofDays * runs + lag + extraOfSend
    }
  }
}

const leastOfDays = 0.001
