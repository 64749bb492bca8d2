import { at, lookUp, numberAt } from './at.ts'
import { doubt, logRates, type WeightedPart } from './robust.ts'

type Sized = { recipients: number; missed?: number; newsletter?: string }
type SizedPart = WeightedPart & { send: Sized }

/** With fewer sends the median of a text does not show which of them is wrong. */
const enoughSends = 3
/** With fewer sends in all nobody knows what is usual. */
const fewestSends = 5
/** Texts differ by a standard deviation of about 0.7 (of logarithms): hardly one in thirty is off by more. */
const furthest = 1.5
/** Of what a send is off, its recipients explain all but this share. */
const unexplained = 0.5
/** How many neighbours in time show which number of recipients is wrong. */
const neighbours = 15

/** Sizes that part by less than this factor are the same. */
const sameSize = 2
/** A part of each send has a size that is meant; where chance has it, this much of that is enough. */
const mostly = 0.75

/**
 * Doubts sends of texts that are too new to have a usual rate of their own: one whose rate is far from that of
 * all texts, and whose recipients are as far off the other way round, was reported with wrong ones. Nobody
 * would find out later, since a text that seems so bad is not sent again. Parts of a split send may differ in
 * size on purpose: sizes that come back from send to send are meant. `parts` are in the order of their time.
 */
export function doubtNewcomers(parts: readonly SizedPart[], pool: number): void {
  if (parts.length < fewestSends) return
  const sendsOf = new Map<number, number>()
  const partsOf = new Map<string, number>()
  for (const { variation_id, newsletter_send_id } of parts) {
    sendsOf.set(variation_id, lookUp(sendsOf, variation_id, 0) + 1)
    partsOf.set(newsletter_send_id, lookUp(partsOf, newsletter_send_id, 0) + 1)
  }
  const countOf = ({ newsletter_send_id }: SizedPart): number => lookUp(partsOf, newsletter_send_id, 1)
  const split = parts.filter((part) => countOf(part) > 1)
  const rates = logRates(parts, pool)
  const middle = numberAt(rates.toSorted(), rates.length >> 1)
  for (const [place, part] of parts.entries()) {
    const off = numberAt(rates, place) - middle
    if (Math.abs(off) <= furthest || lookUp(sendsOf, part.variation_id, 0) >= enoughSends) continue
    const isPart = countOf(part) > 1
    if (isPart && shareOfSize(part, split) * countOf(part) >= mostly) continue
    const usual = isPart ? usuallyNear(split, split.indexOf(part)) : usuallyNear(parts, place)
    if (isExplained(off, sizeOf(part.send) / usual)) doubt(part, off)
  }
}

/** Of parts, the share that has the size of one. */
const shareOfSize = ({ send }: SizedPart, parts: readonly SizedPart[]): number => {
  const size = sizeOf(send)
  const alike = parts.filter((part) => Math.abs(Math.log(sizeOf(part.send) / size)) < Math.log(sameSize))
  return alike.length / parts.length
}

/** The number of recipients in the middle of the sends to the same list next to one in time. */
export function usuallyNear(parts: readonly { send: Sized }[], place: number): number {
  const list = parts[place]?.send.newsletter
  const near = (first: number, step: 1 | -1, most: number): Sized[] => {
    const found: Sized[] = []
    for (let next = first; found.length < most; next += step) {
      const part = parts[next]
      if (!part) break
      if (part.send.newsletter === list) found.push(part.send)
    }
    return found
  }
  const half = neighbours >> 1
  return usuallyOf([...near(place - 1, -1, half), ...near(place, 1, half + 1)])
}

/** The number of recipients in the middle. */
export const usuallyOf = (sends: readonly Sized[]): number =>
  at(
    sends.map(sizeOf).toSorted((one, other) => one - other),
    sends.length >> 1,
  )

/** Recipients before they were divided for a late report. */
export const sizeOf = ({ recipients, missed = 1 }: Sized): number => recipients * missed

/** Whether a rate is off because of its recipients, which are this multiple of the usual number. */
export const isExplained = (off: number, times: number): boolean =>
  Math.abs(off + Math.log(times)) < unexplained * Math.abs(off)
