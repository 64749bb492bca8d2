import { type Arrival, arrived } from './arrival.ts'
import { dispersionOf, sumOf } from './dispersion.ts'

/** One newsletter send of a variation, as far as it has come; a send in segments is several of them with one name. */
export type Send = {
  offer_id: number
  variation_id: number
  newsletter_send_id: string
  recipients: number
  /** Different people who have clicked so far. */
  clickers: number
  /** Days since the send. */
  age: number
}

/** The evidence of a variation, worth as much as so many clicks of so many independent recipients. */
export type Evidence = { k: number; n: number }

/** Evidence of a variation beside the others, as if their rates were known. */
export type Known = Evidence & {
  offer_id: number
  variation_id: number
  /** Its estimated rate, 0 to 0.9. */
  rate: number
  /** Precision of the logarithm of the rate. */
  precision: number
}

/** A variation's part of a send; `n` counts the recipients by how much of their clicks has come. */
export type Segment = Evidence & {
  of: Known
  /** What is left of its weight at its age. */
  kept: number
  /** Recipients as many as would have clicked like this on a usual day. */
  exposed: number
}

export type Pooled = {
  /** See `Dispersion`. */
  dispersion: number
  /** By variation. */
  evidence: Map<number, Known>
  /** All that was sent, send by send. */
  sends: Segment[][]
}

export type Weighing = {
  /** What evidence keeps of its weight each day: 1 keeps all. */
  discount?: number
  /** Takes the days to be as different as they might be, for claims that have to hold. */
  cautious?: boolean
}

const priorRate = 0.02
const highestRate = 0.9
/** Differences between texts settle within three rounds, all to the third digit. */
const rounds = 4

/**
 * Effective clicks and recipients of each variation. All recipients of a send share its day, so a send is worth at most
 * 1/dispersion clicks, however large it is (selection-and-statistics, "Evidence").
 *
 * Segments of one send tell one another's day. Its factor, a gamma variable with mean 1 and the dispersion as its
 * variance, is estimated for each segment from the others: after K clicks where E were expected its mean is
 * (1/dispersion + K) / (1/dispersion + E) and its relative variance 1 / (1/dispersion + K). The mean corrects the
 * recipients, the variance takes the dispersion's place in the design effect. This is the Poisson model with random effects of
 * Breslow & Clayton 1993, solved variation by variation: the estimates are those of all together, the precision is that of
 * each as if the others were known (a factorised approximation; Bishop 2006, section 10.1.2). Where texts have hardly met, that
 * is too sure: `learn.ts` has what may be told to people. A send of one variation has no others, and keeps its dispersion.
 */
export function poolEvidence(
  sends: readonly Send[],
  arrival: Arrival,
  { discount = 1, cautious = false }: Weighing = {},
): Pooled {
  const exposed = sends
    .map((send) => ({
      ...send,
      k: Math.min(send.clickers, send.recipients),
      n: send.recipients * arrived(send.age, arrival),
    }))
    .filter(({ n }) => n > 0)
  const groups = Map.groupBy(exposed, ({ variation_id }) => variation_id)
  const { expected, cautious: upper } = dispersionOf([...groups.values()])
  const dispersion = cautious ? upper : expected
  const all = sumOf(exposed)
  const pool = (1 + all.k) / (1 / priorRate + all.n)
  const bySend = new Map<string, Segment[]>()
  const evidence = [...groups].map(([variation_id, own]): [number, Known] => {
    const rate = rateOf(sumOf(own), pool)
    const known = { offer_id: 0, variation_id, k: 0, n: 0, rate, precision: 0 }
    for (const { offer_id, newsletter_send_id: send, k, n, age } of own) {
      known.offer_id = offer_id
      const segment = { of: known, k, n, kept: discount ** age, exposed: n }
      const others = bySend.get(send)
      if (others) others.push(segment)
      else bySend.set(send, [segment])
    }
    return [variation_id, known]
  })
  const together = [...bySend.values()]
  for (const segments of together) addSend(segments, dispersion)
  const again = together.some(({ length }) => length > 1) ? rounds - 1 : 0
  for (let round = 0; round < again; round += 1) {
    for (const [, known] of evidence) startAgain(known, pool)
    for (const segments of together) addSend(segments, dispersion)
  }
  return { dispersion, evidence: new Map(evidence), sends: together }
}

const rateOf = ({ k, n }: Evidence, pool: number): number => Math.min(highestRate, (k + 4) / (n + 4 / pool))

function startAgain(known: Known, pool: number): void {
  known.rate = rateOf(known, pool)
  known.k = 0
  known.n = 0
  known.precision = 0
}

function addSend(segments: readonly Segment[], dispersion: number): void {
  let clicks = 0
  let expected = 0
  for (const { of, k, n } of segments) {
    clicks += k
    expected += n * of.rate
  }
  for (const segment of segments) {
    const { of, k, n, kept } = segment
    const shape = 1 / dispersion + clicks - k
    segment.exposed = (n * shape) / (1 / dispersion + expected - n * of.rate)
    const weight = kept / (1 + (segment.exposed * of.rate) / shape / (1 - of.rate))
    of.k += weight * k
    of.n += weight * segment.exposed
    of.precision += weight * segment.exposed * of.rate
  }
}
