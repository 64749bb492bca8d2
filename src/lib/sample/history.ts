import type { Random } from '../base/random.ts'
import type { SampleVariation } from '../model/catalogue.ts'
import { byTrait, type ClickTrait } from '../model/click-traits.ts'
import type { Click, Impression, TrackingEvent } from '../model/event.ts'
import { rulesVersion, type Verdict } from '../model/verdict.ts'
import { eventIdFrom } from '../tracking/event-id.ts'
import { bytes, type Choices, normal, pick, seededRandom, whole } from './chance.ts'
import { bots, readers, referrers } from './readers.ts'

export type SampleOptions = {
  variations: readonly SampleVariation[]
  /** Milliseconds since 1970; the history ends with the day before (UTC). */
  now: number
  seed: number
}

export const samplePrefix = 'sample-'
export const sampleDays = 90

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const sendTime = 6.5 * hour
const firstRecipients = 900
const lastRecipients = 1_400
const usualRate = 0.03

type Hour = { share: number; at: number }

/** The relative number of people who read their mail in each hour of the day (UTC). */
const readingHours: Choices<Hour> = [
  { share: 2, at: 0 },
  ...[1, 1, 1, 2, 5, 9, 14, 15, 12, 10, 9, 10, 8, 7, 6, 6, 7, 8, 9, 9, 8, 6, 4].map((share, index) => ({
    share,
    at: index + 1,
  })),
]
const hoursOfSend: Choices<Hour> = [{ share: 14, at: 7 }, ...readingHours.filter(({ at }) => at > 7)]
const delays: Choices<{ share: number; days: number }> = [
  { share: 70, days: 0 },
  { share: 20, days: 1 },
  { share: 10, days: 2 },
]

/**
 * The events of the 90 days before `now`, in chronological order. The same seed on the same day gives the same events.
 */
export function sampleHistory({ variations, now, seed }: SampleOptions): TrackingEvent[] {
  const [first, ...others] = textsOf(variations, seededRandom(seed))
  if (!first) return []
  const today = Math.floor(now / day)
  return Array.from({ length: sampleDays }, (_, index) => {
    const date = today - sampleDays + index
    const random = seededRandom(seed ^ Math.imul(date, 0x9e3779b1))
    const growth = (index / (sampleDays - 1)) * (lastRecipients - firstRecipients)
    const recipients = Math.round((firstRecipients + growth) * (1 + 0.01 * normal(random)))
    return sendOf({ date, text: pick([first, ...others], random), recipients, random })
  })
    .flat()
    .filter(({ at }) => at < today * day)
    .sort((one, other) => one.at - other.at)
}

/** A variation, how often it is sent compared with the others, and its clicks per recipient. */
type SampleText = { offer_id: number; variation_id: number; share: number; rate: number }

/** An offer is sent by its weight, each of its texts as often as the others; offers and texts differ in appeal. */
function textsOf(variations: readonly SampleVariation[], random: Random): SampleText[] {
  const offers = Map.groupBy(variations, ({ offer_id }) => offer_id).values()
  return [...offers].flatMap((members) => {
    const offerAppeal = Math.exp(0.35 * normal(random))
    return members.map(({ offer_id, variation_id, weight }) => ({
      offer_id,
      variation_id,
      share: weight / members.length,
      rate: usualRate * offerAppeal * Math.exp(0.3 * normal(random)),
    }))
  })
}

type SampleSend = { date: number; text: SampleText; recipients: number; random: Random }

function sendOf({ date, text, recipients, random }: SampleSend): TrackingEvent[] {
  const sentAt = date * day + sendTime
  const weekend = [6, 0].includes(new Date(sentAt).getUTCDay())
  const rateToday = Math.min(0.25, text.rate * (weekend ? 0.8 : 1) * Math.exp(0.15 * normal(random)))
  const impression: Impression = {
    kind: 'impression',
    ...occurrence(sentAt, text, random),
    newsletter_send_id: `${samplePrefix}${new Date(sentAt).toISOString().slice(0, 10)}-daily`,
    newsletter: null,
    recipients,
  }
  const events: TrackingEvent[] = [impression]
  for (let recipient = 0; recipient < recipients; recipient += 1) {
    if (random() < rateToday) events.push(...visitsOf(text, date, random))
    if (random() < 0.003) events.push(machineClick(text, sentAt, random))
  }
  return events
}

/** Someone who clicks, and now and then comes back later. */
function visitsOf(text: SampleText, date: number, random: Random): Click[] {
  const { days } = pick(delays, random)
  const { at } = pick(days === 0 ? hoursOfSend : readingHours, random)
  const time = (date + days) * day + at * hour + whole(hour, random)
  const reader = pick(readers, random)
  const visitor = {
    referrer: pick(referrers, random).host,
    ip_hash: visitorHash(random),
    verdict: 'human' as const,
    reason: 'none',
  }
  const click = () => clickOf(text, time, reader, visitor, random)
  if (random() > 0.05) return [click()]
  const again = time + 5 * minute + whole(4 * hour, random)
  return [click(), clickOf(text, again, reader, visitor, random)]
}

/** Most machines follow links as soon as the mail is delivered. */
function machineClick(text: SampleText, sentAt: number, random: Random): Click {
  const at = sentAt + whole(12 * minute, random)
  const visitor = { referrer: null, ip_hash: visitorHash(random), verdict: 'machine' as const }
  const reader = pick(readers, random)
  if (random() < 0.5) return clickOf(text, at, reader, { ...visitor, reason: 'prefetch' }, random)
  const bot = { user_agent: pick(bots, random).user_agent }
  return clickOf(text, at, bot, { ...visitor, reason: 'self_declared' }, random)
}

const visitorHash = (random: Random): string => Buffer.from(bytes(32, random)).toString('hex')

type SampleVisitor = { referrer: string | null; ip_hash: string; verdict: Verdict; reason: string }
type SampleAgent = Pick<Click, 'user_agent'> & Partial<Record<ClickTrait, string | null>>

function clickOf(
  text: SampleText,
  at: number,
  agent: SampleAgent,
  visitor: SampleVisitor,
  random: Random,
): Click {
  return {
    kind: 'click',
    slug: null,
    ...occurrence(at, text, random),
    ...visitor,
    ...byTrait((trait) => agent[trait] ?? null),
    user_agent: agent.user_agent,
    address_hash: null,
    newcomer: null,
    sign: null,
    rules_version: rulesVersion,
  }
}

const occurrence = (at: number, { offer_id, variation_id }: SampleText, random: Random) => ({
  event_id: eventIdFrom(at, bytes(10, random)),
  caller_key: false,
  at,
  offer_id,
  variation_id,
})
