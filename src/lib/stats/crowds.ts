import type { Crowd } from '../model/send-evidence.ts'
import { at, lookUp } from './at.ts'
import type { Send } from './parts.ts'

type CrowdedSend = Send & {
  newsletter: string
  /** Milliseconds since 1970. */
  sent_at: number
  crowd?: Crowd | null
}

/** How far visits for each person differ between crowded and other addresses: standard deviation of the logarithm. */
const visitsDiffer = 0.1
const mostVisits = 3
const mostCrowd = 50
/** Limit for one send: this multiple of the usual ratio, plus a few people. */
const furthest = 2
/** Limit for a send's average crowded address: this share of the people elsewhere, plus a few people. */
const mostOfOthers = 0.1
const aFew = 4

/**
 * Sends without their clicks from crowded addresses; recipients are reduced to the share of readers elsewhere. Visitors
 * of a crowded address saturate, the more the larger the send or its part is, so they say little, and clicks from one
 * address may be anybody's, so they must not decide between texts. How many readers are behind crowded addresses is
 * estimated from all sends of a newsletter and month together, in which the same addresses are known (a ratio estimate;
 * Cochran 1977, chapter 6): visits there, divided by visits per person elsewhere, relative to the people elsewhere. A
 * send's ratio is bounded by the median of all (a winsorised mean; Tukey 1962), and in each send the address with the
 * most visits counts as the average of the others, so that neither a send nor an address can pose as a crowd; what this
 * cuts off widens the interval. `variance` is what this adds to the variance of the logarithm of all rates, of a
 * newsletter or of all.
 */
export function besideCrowds<One extends CrowdedSend>(
  sends: readonly One[],
  newsletter?: string,
): { sends: readonly One[]; variance: number } {
  if (!sends.some(({ crowd }) => crowd)) return { sends, variance: 0 }
  const placed = sends.map((send) => ({ send, group: groupOf(send) }))
  const levels = new Map<string, CrowdLevel>()
  for (const [group, own] of Map.groupBy(placed, (one) => one.group))
    levels.set(group, levelOf(own.map(({ send }) => send)))
  const isAsked = ({ newsletter: list }: One) => list === (newsletter ?? list)
  const anyAsked = sends.some(isAsked)
  const sums = { recipients: 0, variance: 0 }
  const beside = placed.map(({ send, group }): One => {
    const { crowd, recipients, clickers, clickers_by } = send
    const { people, variance } = lookUp(levels, group, nobody)
    if (isAsked(send) || !anyAsked) {
      sums.recipients += recipients
      sums.variance += recipients * variance
    }
    return {
      ...send,
      recipients: recipients / (1 + people),
      clickers: crowd ? Math.max(0, clickers - crowd.clickers) : clickers,
      clickers_by: crowd
        ? clickers_by.map((all, mark) => Math.max(0, all - at(crowd.clickers_by, mark)))
        : clickers_by,
    }
  })
  return { sends: beside, variance: sums.recipients > 0 ? sums.variance / sums.recipients : 0 }
}

/** The UTC month and the newsletter of a send. */
function groupOf({ sent_at, newsletter }: CrowdedSend): string {
  const sent = new Date(sent_at)
  return `${sent.getUTCFullYear()} ${sent.getUTCMonth()} ${newsletter}`
}

/**
 * People at crowded addresses per person elsewhere, and what that adds to the variance of the logarithm of all people.
 */
type CrowdLevel = { people: number; variance: number }
const nobody: CrowdLevel = { people: 0, variance: 0 }

/** People elsewhere, those of them whose visits are known, and visits at crowded addresses: capped, and as counted. */
type BesideCrowds = { others: number; besides: number; otherVisits: number; counted: number; all: number }

function levelOf(sends: readonly CrowdedSend[]): CrowdLevel {
  const beside = [...Map.groupBy(sends, ({ newsletter_send_id }) => newsletter_send_id).values()].map(addUp)
  if (!beside.some(({ all }) => all > 0)) return nobody
  const eachVisits = weightedMedian(
    beside
      .filter(({ otherVisits }) => otherVisits > 0)
      .map(({ besides, otherVisits }) => ({ value: otherVisits / Math.max(1, besides), weight: besides })),
    1,
  )
  const visits = Math.min(mostVisits, Math.max(1, eachVisits))
  const people = ratioOf(beside.map(({ others, counted }) => ({ others, crowd: counted / visits })))
  const most = ratioOf(beside.map(({ others, all }) => ({ others, crowd: all / visits })))
  const others = beside.reduce((sum, one) => sum + one.others, 1)
  const share = people / (1 + people)
  const chance = visitsDiffer ** 2 + 1 / (1 + people * others) + 1 / others
  return { people, variance: share ** 2 * chance + (Math.log((1 + most) / (1 + people)) / 2) ** 2 }
}

function addUp(parts: readonly CrowdedSend[]): BesideCrowds {
  const sums: BesideCrowds = { others: 0, besides: 0, otherVisits: 0, counted: 0, all: 0 }
  for (const { clickers, crowd } of parts) {
    const others = Math.max(0, clickers - (crowd?.clickers ?? 0))
    sums.others += others
    if (!crowd) continue
    sums.besides += others
    const { addresses, visits, largest, other_clicks } = crowd
    sums.otherVisits += other_clicks
    sums.all += visits
    const most = addresses * (aFew + mostOfOthers * others)
    if (addresses > 1) sums.counted += Math.min(most, ((visits - largest) * addresses) / (addresses - 1))
  }
  return sums
}

function ratioOf(sends: readonly { others: number; crowd: number }[]): number {
  const usual = weightedMedian(
    sends.map(({ others, crowd }) => ({ value: crowd / (others + 0.5), weight: others + 0.5 })),
    0,
  )
  let crowds = 0
  let all = 0
  for (const { others, crowd } of sends) {
    crowds += Math.min(crowd, furthest * usual * others + aFew)
    all += others
  }
  return Math.min(mostCrowd, crowds / Math.max(1, all))
}

/** The weighted median; `otherwise` without values. */
export function weightedMedian(
  values: readonly { value: number; weight: number }[],
  otherwise: number,
): number {
  const inOrder = values.toSorted((one, other) => one.value - other.value)
  const half = inOrder.reduce((sum, { weight }) => sum + weight, 0) / 2
  let sum = 0
  for (const { value, weight } of inOrder) {
    sum += weight
    if (sum >= half) return value
  }
  return otherwise
}
