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
/** A send counts no more than so many times what is usual, and a few people. */
const furthest = 2
/** On average its crowded addresses count no more than such a share of the people elsewhere, and a few. */
const mostOfOthers = 0.1
const aFew = 4

/**
 * Sends without what came of them at crowded addresses, of whom as many recipients are left as readers are
 * elsewhere. There visitors saturate, the more the larger a send or part of it is, so they say little; and
 * clicks of one address can be anybody's, so they decide nothing between texts, however patiently somebody
 * makes them. How many readers are behind crowded addresses is told by all sends of a newsletter and month
 * together, in which the same addresses are known (a ratio estimate; Cochran 1977, chapter 6): by visits there,
 * divided by the visits a person makes elsewhere, beside the people elsewhere. A send's ratio is bounded by the
 * median of all (a winsorised mean; Tukey 1962), and in each send the address with the most visits counts as
 * the average of the others, so that neither a send nor an address can pose as a crowd; what is left out by
 * that widens the interval. `variance` is that of the logarithm of all rates of a newsletter, or of all, on
 * account of this.
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

/** The month of UTC and the newsletter of a send. */
function groupOf({ sent_at, newsletter }: CrowdedSend): string {
  const sent = new Date(sent_at)
  return `${sent.getUTCFullYear()} ${sent.getUTCMonth()} ${newsletter}`
}

/**
 * People at crowded addresses for each one elsewhere, and the variance of the logarithm of all people on
 * account of that.
 */
type CrowdLevel = { people: number; variance: number }
const nobody: CrowdLevel = { people: 0, variance: 0 }

/**
 * People elsewhere, those of whom visits are known, and visits at crowded addresses: as they count, and as they
 * are.
 */
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

/** The value below which half of the weight is; `otherwise` of none. */
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
