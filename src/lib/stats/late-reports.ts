import { keyOfSend } from '../model/send-evidence.ts'
import { arrived, type Curve, curveOf, marks } from './arrival.ts'
import { at } from './at.ts'
import { weightedMedian } from './crowds.ts'
import type { Send } from './parts.ts'

type ReportedSend = Pick<
  Send,
  | 'variation_id'
  | 'newsletter_send_id'
  | 'recipients'
  | 'clickers'
  | 'clickers_by'
  | 'age'
  | 'unsure'
  | 'late'
  | 'own'
>

/** Hours by which a send may be reported late. */
const latest = 6
/** A send that is younger than this many hours then has too many clicks of its own to tell. */
const youngest = 6
/** An excess beyond so many standard deviations is not chance. */
const surely = 3
/**
 * Beyond so many, and beyond these multiples of what was to be expected, nothing else is likely, either: the report is
 * called late. Tails differ from send to send more than the days before them.
 */
const beyondDoubt = { deviations: 4, days: 2, tail: 5 }
/** How much of a send may have come before its report, as a share of what came after. */
const [least, most] = [0.1, 3]
const last = marks.length - 1
const rounds = 3

/**
 * A send of a text and the one before: who came for that one in the hours before the report, from one mark to another
 * or, if there is none, until now; `earlier` had come by then.
 */
type Around<One> = { before: One; after: One; from: number; to: number; earlier: number; observed: number }

/** By what recipients are to be divided for what a report has missed: the logarithm, and the variance of that. */
type Missed = { log: number; variance: number }
type Late<One> = Missed & { id: string; around: readonly Around<One>[]; isTold: boolean }

const nothing: Missed = { log: 0, variance: 0 }

/** How many of the `observed` were to be expected. */
type Expecting = (around: Around<ReportedSend>) => number

/**
 * Sends as if each had been reported when it went out. A click counts for the send of its text that was reported last,
 * so what comes before a late report counts for the send before. Of that one hardly anybody comes any more by then: if
 * more did in the hours before a report than its curve lets expect, and than chance explains (an excess over a
 * background that is not exactly known; Li & Ma 1983), they belong to the send reported. All its parts are late
 * together, and what they miss in all goes for each: recipients are reduced by it. So it does for a part whose text was
 * never sent before: its first clicks count for no send. A send of which all texts are new may have missed what others
 * did. By turns with the curve of what is left.
 */
export function reportedInTime<One extends ReportedSend>(sends: readonly One[]): readonly One[] {
  const around = lookAround(sends)
  const reports = Map.groupBy(around, ({ after }) => after.newsletter_send_id)
  const tail = tailOf(around)
  let corrected = sends
  for (let round = 0; round < rounds; round += 1) {
    const curve = curveOf(corrected)
    const expected = expecting(curve, tail)
    const late = [...reports].flatMap(([id, own]) => findLate(id, own, curve, expected))
    if (late.length === 0) return sends
    const unknown = usuallyMissed(late, reports.size)
    const otherwise = ({ newsletter_send_id: id }: One) => (reports.has(id) ? nothing : unknown)
    corrected = correct(sends, late, otherwise, expected)
  }
  return corrected
}

function lookAround<One extends ReportedSend>(sends: readonly One[]): Around<One>[] {
  const newest = new Map<number, One>()
  return sends
    .toSorted((one, other) => other.age - one.age)
    .flatMap((after) => {
      const before = newest.get(after.variation_id)
      newest.set(after.variation_id, after)
      if (!before) return []
      // To the minute.
      const gap = Math.round((before.age - after.age) * 1440) / 60
      const from = marks.findLastIndex((mark) => mark <= gap - latest)
      if (at(marks, from) < youngest) return []
      const to = marks.findIndex((mark) => mark >= gap)
      const earlier = at(before.clickers_by, from)
      const come = to < 0 ? before.clickers : at(before.clickers_by, to)
      return { before, after, from, to, earlier, observed: come - earlier }
    })
}

/** Who comes after the last mark, as a share of those before: usually, since most sends are reported in time. */
const tailOf = (around: readonly Around<ReportedSend>[]): number =>
  weightedMedian(
    around.flatMap(({ from, earlier, observed }) =>
      from === last ? { value: observed / Math.max(1, earlier), weight: earlier } : [],
    ),
    0,
  )

const expecting =
  (curve: Curve, tail: number): Expecting =>
  ({ before, from, to, earlier }) => {
    const whole = at(curve.shares, from)
    const come = to < 0 ? 1 + tail : arrived(Math.min(before.age, at(marks, to) / 24), curve).share
    return earlier * (come / whole - 1)
  }

function findLate<One extends ReportedSend>(
  id: string,
  around: readonly Around<One>[],
  curve: Curve,
  expecting: Expecting,
): Late<One>[] {
  let [come, expected, whole, unlikely] = [0, 0, 0, 0]
  for (const one of around) {
    come += one.observed
    expected += expecting(one)
    unlikely += expecting(one) * (one.from === last ? beyondDoubt.tail : beyondDoubt.days)
    whole += one.after.clickers / arrived(one.after.age, curve).share
  }
  const noise = come + 1 + curve.variance * expected ** 2
  const share = (come - expected) / whole
  if (!(share >= least && share <= most) || come - expected <= surely * Math.sqrt(noise)) return []
  const variance = (noise / whole ** 2 + share ** 2 / whole) / (1 + share) ** 2
  const isTold = come - expected > Math.max(unlikely, beyondDoubt.deviations * Math.sqrt(noise))
  return [{ id, log: Math.log1p(share), variance, around, isTold }]
}

/** What a report has missed of which nobody knows whether it was late, beside so many of which it is known. */
function usuallyMissed(late: readonly Missed[], known: number): Missed {
  const mean = late.reduce((sum, { log }) => sum + log, 0) / known
  const square = late.reduce((sum, { log }) => sum + log ** 2, 0) / known
  return { log: mean, variance: square - mean ** 2 }
}

function correct<One extends ReportedSend>(
  sends: readonly One[],
  late: readonly Late<One>[],
  otherwise: (send: One) => Missed,
  expecting: Expecting,
): One[] {
  const reports = new Map(late.map((one) => [one.id, one]))
  const found = late.flatMap(({ around }) => around)
  const strays = new Map(found.map((one) => [one.before, one]))
  const own = new Map(found.map((one) => [one.after, one]))
  const movedOf = (one: Around<One>): number => Math.max(0, one.observed - expecting(one))
  const lateOf = (one: Around<One> | undefined): NonNullable<Send['late']> =>
    one ? { before: keyOfSend(one.before), share: shareOf(movedOf(one), one.before.clickers) } : { share: 0 }
  return sends.map((send) => {
    const report = reports.get(send.newsletter_send_id)
    const { log, variance } = report ?? otherwise(send)
    const stray = strays.get(send)
    if (log === 0 && !stray) return send
    const moved = stray ? movedOf(stray) : 0
    const left = stray ? stray.earlier + expecting(stray) : send.clickers
    return {
      ...send,
      recipients: send.recipients / Math.exp(log),
      missed: Math.exp(log),
      clickers: send.clickers - moved,
      clickers_by: send.clickers_by.map((by) => Math.max(Math.min(by, left), by - moved)),
      unsure: (send.unsure ?? 0) + variance,
      ...(report?.isTold && { late: lateOf(own.get(send)) }),
      ...(stray && { own: 1 - shareOf(moved, send.clickers) }),
    }
  })
}

const shareOf = (moved: number, clickers: number): number => moved / Math.max(1, clickers)
