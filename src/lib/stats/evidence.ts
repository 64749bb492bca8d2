import type { Curve } from './arrival.ts'
import { type Dispersion, dispersionOf, type Evidence, ownDispersionOf, sumOf } from './dispersion.ts'
import { type Drift, driftOf } from './drift.ts'
import type { SendSegment, TextEvidence } from './known.ts'
import { newNode } from './network.ts'
import { type Doubted, type Exposed, type Send, sortSends } from './parts.ts'
import { addAll, besideOthers, settleRates, smoothed } from './settle-rates.ts'

export type { Evidence, Send }

export type Pooled<Sent extends Send = Send> = {
  /** How much sends of a text differ for any reason: see `Dispersion`. */
  dispersion: number
  /** How much a text's advantage differs from send to send. */
  ownDispersion: number
  /** By variation. */
  evidence: Map<number, TextEvidence>
  /** All parts that count, by send. */
  sends: SendSegment[][]
  doubted: Doubted<Sent>[]
  drift: Drift
}

export type Weighing = {
  /**
   * Share of its weight that evidence keeps per day, given how much a text's advantage varies from send to send; 1
   * keeps all.
   */
  keptADay?: (ownDispersion: number) => number
  /** Assumes that sends differ by the upper limit, and that rates are today's: for claims that have to hold. */
  cautious?: boolean
}

/**
 * Effective clicks and recipients of each variation. All recipients of a send share its day, so a send is worth at most
 * 1/dispersion clicks, however large it is (selection-and-statistics, "Evidence").
 *
 * The segments of a send share its day. The day's factor, a gamma variable with mean 1 and the dispersion as its
 * variance, is estimated for each segment from the others: after K clicks with E expected, its mean is (1/dispersion +
 * K) / (1/dispersion + E) and its relative variance is 1 / (1/dispersion + K). The mean corrects the recipients, and
 * the variance replaces the dispersion in the design effect. This is the Poisson model with random effects of Breslow &
 * Clayton 1993. Its estimates are found by Newton's method on the network of texts and days. The precision of each
 * assumes that the others are known (a factorised approximation; Bishop 2006, section 10.1.2). That is too optimistic
 * if texts hardly shared sends: `learn.ts` has what people are shown. A send of one variation has no other segments and
 * keeps its dispersion.
 *
 * A text's advantage also varies from send to send, which splitting does not cancel: that variance is added to each
 * segment.
 */
export function poolEvidence<Sent extends Send>(
  all: readonly Sent[],
  curve: Curve,
  { keptADay = () => 1, cautious = false }: Weighing = {},
): Pooled<Sent> {
  const { counted, doubted, pool } = sortSends(all, curve)
  const groups = Map.groupBy(counted, ({ variation_id }) => variation_id)
  const take = ({ expected, cautious: upper }: Dispersion): number => (cautious ? upper : expected)
  // Sends to other readers do not show how sends to the readers in question differ.
  const first = dispersionOf([...groups.values()].map((own) => own.filter(({ weight }) => weight === 1)))
  const drift = driftOf(counted, groups, cautious ? first.expected : undefined, pool)
  const days = cautious ? dispersionOf(drift.corrected) : first
  const { known, sends } = together(groups, pool)
  const split = sends.some(({ length }) => length > 1)
  const texts = [...known.values()]
  // The variance of a text's advantage is estimated before it is taken into account.
  const nothing: Dispersion = { expected: 0, cautious: 0 }
  setVariances(sends, drift, days, nothing, take)
  if (split) settleRates(texts, sends, pool, 0.05)
  const advantages = ownDispersionOf(split ? besideOthers(sends) : [])
  const [total, own] = [take(days), take(advantages)]
  setVariances(sends, drift, days, advantages, take)
  const kept = keptADay(own)
  if (kept < 1) for (const segment of sends.flat()) segment.kept *= kept ** segment.part.age
  if (split) settleRates(texts, sends, pool, 0.003)
  addAll(texts, sends)
  return { dispersion: total, ownDispersion: own, evidence: known, sends, doubted, drift }
}

/** Each text with its overall rate, and the parts of each send. */
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
      const segment = {
        of,
        k: part.k,
        n,
        kept: part.weight,
        exposed: n,
        own: 0,
        ofSend: 0,
        caution: 0,
        others: 0,
        part,
      }
      const others = bySend.get(part.newsletter_send_id)
      if (others) others.push(segment)
      else bySend.set(part.newsletter_send_id, [segment])
    }
  }
  return { known, sends: [...bySend.values()] }
}

/** Gives each segment its variances. The variance of a text's advantage is part of the variance between its sends. */
function setVariances(
  sends: readonly SendSegment[][],
  drift: Drift,
  days: Dispersion,
  advantages: Dispersion,
  take: (dispersion: Dispersion) => number,
): void {
  for (const segments of sends) {
    const split = segments.length > 1
    const taken = divide(take(days), take(advantages), split)
    const expected = divide(days.expected, advantages.expected, split)
    let runs = 0
    let lag = 0
    for (const { of, part } of segments) {
      runs += drift.runOf(of.variation_id) / segments.length
      lag = Math.max(lag, part.lag)
    }
    for (const segment of segments) {
      const { extraOwn, extraOfSend, unsure } = segment.part
      segment.own = taken.ofText + extraOwn + unsure
      // Not by the upper limit, which leaves nothing to the days of sends of one text.
      segment.ofSend = taken.ofDays + expected.ofDays * (runs - 1) + lag + extraOfSend
      segment.caution = taken.ofText - expected.ofText + (split ? 0 : taken.ofDays - expected.ofDays)
    }
  }
}

const leastOfDays = 0.001

/** What of the variance between sends is the text's. In a send of one, only the sum matters, which is known better. */
function divide(total: number, own: number, split: boolean): { ofText: number; ofDays: number } {
  const ofText = split ? own : Math.min(own, total)
  return { ofText, ofDays: Math.max(leastOfDays, total - ofText) }
}
