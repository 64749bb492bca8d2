import type { Acceptance, WriteBuffer } from '../buffer/write-buffer.ts'
import type { Classifier, Judgement } from '../classify/classifier.ts'
import type { HeaderReader } from '../http/client.ts'
import type { RefreshingCache } from '../links/refreshing-cache.ts'
import { referrerHost } from '../privacy/referrer.ts'
import type { Salts } from '../privacy/salts.ts'
import type { VisitorHash } from '../privacy/visitor-hash.ts'
import type { Click } from './event.ts'
import type { NewEventId } from './event-id.ts'
import type { Flood } from './flood.ts'
import type { Variation } from './variation.ts'

/** A click on a promo link, as the redirect sees it. */
export type Visit = { slug: string; variationId: number; address: string; header: HeaderReader }

/** Why a click was not recorded: the variation does not exist, or belongs to another slug's offer. */
export type Ignored = 'unknown_variation' | 'other_slug'

export type ClickParts = {
  variations: RefreshingCache<number, Variation>
  buffer: WriteBuffer
  salts: Salts
  flood: Flood
  classifier: Classifier
  newEventId: NewEventId
  now: () => number
}

const longestUserAgent = 500

/** Records a visitor's click and resolves when it is as safe as it can be; the visitor's answer may leave then. */
export async function trackVisit(parts: ClickParts, visit: Visit): Promise<Acceptance | Ignored> {
  const variation = await parts.variations.get(visit.variationId)
  if (!variation) return 'unknown_variation'
  if (variation.link_slug !== null && variation.link_slug !== visit.slug) return 'other_slug'
  return await parts.buffer.accept(clickOf(parts, visit, variation))
}

function clickOf(parts: ClickParts, { header, address }: Visit, variation: Variation): Click {
  const userAgent = header('user-agent')
  const anonymous = header('sec-gpc') === '1' || header('dnt') === '1'
  const at = parts.now()
  const details = anonymous
    ? nobody
    : visitorDetails(parts.salts.hashAt(at), { address, userAgent, referrer: header('referer') })
  const judgement = parts.classifier.classify({
    at,
    variationId: variation.variation_id,
    header,
    userAgent,
    direct: true,
    address,
    visitor: details.ip_hash,
    flooding: parts.flood(address),
  })
  return newClick({ eventId: parts.newEventId(at), at, variation, details, judgement })
}

const nobody = { referrer: null, user_agent: null, ip_hash: null }

type Visitor = {
  address: string | null | undefined
  userAgent: string | null | undefined
  referrer: string | null | undefined
}

type VisitorDetails = Pick<Click, 'referrer' | 'user_agent' | 'ip_hash'>

/** What is kept of a visitor, none of it raw but the user agent. Without a month's salt there is no hash. */
export function visitorDetails(hash: VisitorHash | undefined, visitor: Visitor): VisitorDetails {
  return {
    referrer: referrerHost(visitor.referrer),
    user_agent: storable(visitor.userAgent),
    ip_hash: hash && visitor.address ? hash(visitor.address) : null,
  }
}

/** A click at a time in milliseconds since 1970. Device, browser and system are found when it is recorded. */
export const newClick = (known: {
  eventId: string
  at: number
  variation: Variation
  details: VisitorDetails
  judgement: Judgement
}): Click => ({
  kind: 'click',
  event_id: known.eventId,
  caller_key: false,
  at: known.at,
  offer_id: known.variation.offer_id,
  variation_id: known.variation.variation_id,
  ...known.details,
  ...known.judgement,
  device: null,
  browser: null,
  os: null,
})

const storable = (userAgent: string | null | undefined): string | null =>
  userAgent ? userAgent.slice(0, longestUserAgent).toWellFormed().replaceAll('\0', '') : null
