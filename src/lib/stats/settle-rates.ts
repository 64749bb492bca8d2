import type { Beside } from './dispersion.ts'
import type { SendSegment, TextEvidence } from './known.ts'
import { type Hub, solve } from './network.ts'

const highestRate = 0.9
/** Clicks that stand for what texts do, while little is known of one. */
const drawn = 4
const rounds = 8

export const smoothed = ({ k, n }: { k: number; n: number }, pool: number): number =>
  Math.min(highestRate, (k + drawn) / (n + drawn / pool))

/** What segments say of a day: less than their clicks, since a text's own advantage differs from send to send. */
const saying = ({ exposed, own, of }: SendSegment, count: number): number =>
  count / (1 + exposed * of.rate * own)

/** Adds up what each variation's segments are worth at the rates as they stand. */
export function addAll(texts: readonly TextEvidence[], sends: readonly (readonly SendSegment[])[]): void {
  for (const text of texts) {
    text.k = 0
    text.n = 0
    text.precision = 0
    text.rest = 0
  }
  for (const segments of sends) addSend(segments)
}

/** How little the day of a send can differ; all its segments say the same. */
const groundOf = (segments: readonly SendSegment[]): number =>
  segments.reduce((_, { ofSend }) => 1 / ofSend, 1)

function addSend(segments: readonly SendSegment[]): void {
  const ground = groundOf(segments)
  let clicks = 0
  let expected = 0
  for (const segment of segments) {
    clicks += saying(segment, segment.k)
    expected += saying(segment, segment.n * segment.of.rate)
  }
  for (const segment of segments) {
    const { of, k, n, kept, own } = segment
    const shape = ground + clicks - saying(segment, k)
    segment.others = expected - saying(segment, n * of.rate)
    segment.exposed = (n * shape) / (ground + segment.others)
    const weight = kept / (1 + (segment.exposed * of.rate * (1 / shape + own)) / (1 - of.rate))
    of.k += weight * k
    of.n += weight * segment.exposed
    of.rest += weight * (k - segment.exposed * of.rate)
    of.precision += weight * segment.exposed * of.rate
  }
}

/**
 * Finds the rates at which all agree, by Newton's method: the network is the derivative of what is left in `rest`. Ends
 * where a step changes no rate by more than `nearEnough` of itself.
 *
 * Texts are drawn towards one another, with `pool` as one more text. Towards `pool` alone they would move together: it
 * is mostly the rate of the text that is sent most, and where days differ much many texts weigh more than all days.
 */
export function settleRates(
  texts: readonly TextEvidence[],
  sends: readonly (readonly SendSegment[])[],
  pool: number,
  nearEnough: number,
): void {
  const ties = texts.map((to) => ({ to, strength: 0 }))
  for (let round = 0; round < rounds; round += 1) {
    addAll(texts, sends)
    const mean = texts.reduce((sum, { rate }) => sum + rate, pool) / (texts.length + 1)
    for (const tie of ties) {
      tie.strength = (drawn * tie.to.rate) / mean
      tie.to.rest += drawn - tie.strength
    }
    solve(texts, [...hubsOf(sends), { ground: (drawn * pool) / mean, ties }], 1e-4)
    let furthest = 0
    for (const text of texts) {
      const step = Math.max(-1, Math.min(1, text.x))
      text.rate = Math.min(highestRate, text.rate * Math.exp(step))
      furthest = Math.max(furthest, Math.abs(step))
    }
    if (furthest < nearEnough) return
  }
}

/** The logarithm of the factor that all rates of a send had, as far as its clicks show. */
export function dayOf(segments: readonly SendSegment[]): number {
  const ground = groundOf(segments)
  let clicks = ground
  let expected = ground
  for (const segment of segments) {
    clicks += saying(segment, segment.k)
    expected += saying(segment, segment.n * segment.of.rate)
  }
  return Math.log(clicks / expected)
}

/** The sends as a network of what their segments are worth. */
export const hubsOf = (sends: readonly (readonly SendSegment[])[]): Hub<TextEvidence>[] =>
  sends.map((segments) => {
    let clicks = 0
    let recipients = 0
    const ties = segments.map((segment) => {
      const { of, kept, exposed } = segment
      clicks += kept * exposed * of.rate
      recipients += kept * exposed
      return { to: of, strength: saying(segment, kept * exposed * of.rate) }
    })
    return { ties, ground: (1 - clicks / recipients) * groundOf(segments) }
  })

/** Each part of a split send to the readers that are asked about beside the others. */
export const besideOthers = (sends: readonly (readonly SendSegment[])[]): Beside[] =>
  sends.flatMap((segments) =>
    segments.length < 2
      ? []
      : segments.flatMap(({ of, k, exposed, others, ofSend, part }) =>
          part.weight < 1
            ? []
            : {
                clicks: k,
                expected: exposed * of.rate,
                others,
                ground: 1 / ofSend,
                parts: segments.length,
                sends: of.sends,
              },
        ),
  )
