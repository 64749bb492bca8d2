import type { Doubt } from '../model/doubt.ts'
import { arrived, type Curve } from './arrival.ts'
import { lookUp } from './at.ts'
import { type People, peopleOf, wholeSends } from './people-of-send.ts'
import { findDeviations, type WeightedPart } from './robust.ts'
import { doubtNewcomers, isExplained, sizeOf, usuallyNear, usuallyOf } from './wrong-recipients.ts'

/** One newsletter send of a variation, as far as it has come; a send in segments is several of them with one name. */
export type Send = {
  offer_id: number
  variation_id: number
  newsletter_send_id: string
  /** The list it went to; lists differ in size. */
  newsletter?: string
  recipients: number
  /** Different people who have clicked so far. */
  clickers: number
  /** Whether more clicked than were reported to have got it, whatever its recipients are converted to. */
  hasMoreClickers?: boolean
  /** The same by each of `marks`. */
  clickers_by: readonly number[]
  /** Days since the send. */
  age: number
  /** Variance of the logarithm of its clickers, where it is not sure who of them are people. */
  unsure?: number
  /** What its signs of machines have left of its clickers, as a share. */
  left?: number
  /** The same where some of them are taken to belong to the next send of its text, which was reported late. */
  own?: number
  /** What its recipients were divided by for clickers that came before its report. */
  missed?: number
  /** If its report was surely late: what share of the clickers of the send before of its text, if any, is its own. */
  late?: { before?: string; share: number }
  /** What it counts beside a send to the readers that are asked about, of whom it is 1. */
  weight?: number
}

/** A send that can be counted. `n` counts the recipients by how much of their clicks has come. */
export type Exposed<Sent extends Send = Send> = WeightedPart & {
  offer_id: number
  age: number
  send: Sent
  /** What today's recipients are to its own, where rates move, and how far it lies back; see `driftOf`. */
  factor: number
  back: Back
}

/** How far a send lies back: in years, and in showings of its text. */
export type Back = readonly [years: number, showings: number]

const now: Back = [0, 0]

export type Sorted<Sent extends Send> = {
  counted: Exposed<Sent>[]
  doubted: Doubted<Sent>[]
  /** Rate of all. */
  pool: number
}

/**
 * A send that does not count as it was reported. Its rate is `factor` times what was to be expected; `usual` is the
 * usual number of recipients; `counted` is the share of its clickers that counts.
 */
export type Doubted<Sent> = {
  send: Sent
  factor: number
  usual: number
  counted: number
  reason: Doubt['reason']
}

/** If no more of a send's clickers count, it is among the doubts. */
const visible = 0.9

const priorRate = 0.02

/**
 * What sends are evidence, and which are doubted. One with more clickers than recipients, and one whose
 * recipients are as far off as its rate the other way round, were reported with wrong recipients: they are left
 * out. Others that are far off count, for as much as their distance allows. `sends` are in the order of their
 * time.
 */
export function sortSends<Sent extends Send>(sends: readonly Sent[], curve: Curve): Sorted<Sent> {
  const exposed: Exposed<Sent>[] = []
  const impossible: Sent[] = []
  const all = { k: 1, n: 1 / priorRate }
  const wholeOf = wholeSends(sends)
  for (const send of sends) {
    const { share, variance } = arrived(send.age, curve)
    const n = send.recipients * share
    if (n <= 0) continue
    if (send.hasMoreClickers || send.clickers > send.recipients) {
      impossible.push(send)
      continue
    }
    const part = exposedOf(send, n, variance, peopleOf(send, wholeOf(send), curve))
    exposed.push(part)
    all.k += part.k
    all.n += n
  }
  const pool = all.k / all.n
  findDeviations(exposed, pool)
  doubtNewcomers(exposed, pool)
  const lists = Map.groupBy(impossible.length > 0 ? sends : [], ({ newsletter }) => newsletter)
  const usually = new Map([...lists].map(([list, own]) => [list, usuallyOf(own)]))
  const doubted: Doubted<Sent>[] = impossible.map((send) => ({
    send,
    factor: send.clickers / send.recipients / pool,
    usual: lookUp(usually, send.newsletter, 0),
    counted: 0,
    reason: 'rate',
  }))
  const counted = exposed.filter((part, place) => {
    const { send, off, k } = part
    const { left = 1, own = 1, late, clickers } = send
    const people = clickers > 0 ? k / clickers : 1
    const share = left * own * people
    if (!part.doubted && !late && share > visible) return true
    const usual = usuallyNear(exposed, place)
    const isLeftOut = part.doubted && isExplained(off, sizeOf(send) / usual)
    doubted.push({
      send,
      factor: Math.exp(off),
      usual,
      counted: isLeftOut ? 0 : share,
      reason: part.doubted ? 'rate' : late ? 'reported_late' : reasonOf({ left, own, people }),
    })
    return !isLeftOut
  })
  return { counted, doubted, pool }
}

/** What most takes clickers from a send, of the shares that each reason leaves. */
const reasonOf = ({ left, own, people }: Record<'left' | 'own' | 'people', number>): Doubt['reason'] => {
  if (own < Math.min(left, people)) return 'late_clicks'
  return left < people ? 'signs' : 'burst'
}

const exposedOf = <Sent extends Send>(
  send: Sent,
  n: number,
  lag: number,
  { clickers, unsure }: People,
): Exposed<Sent> => ({
  offer_id: send.offer_id,
  variation_id: send.variation_id,
  newsletter_send_id: send.newsletter_send_id,
  age: send.age,
  send,
  k: clickers,
  n,
  lag,
  unsure: (send.unsure ?? 0) + unsure,
  off: 0,
  noise: 1,
  common: 0,
  extraOwn: 0,
  extraOfSend: 0,
  doubted: false,
  weight: send.weight ?? 1,
  factor: 1,
  back: now,
})
