import type { NetworkReader } from '../base/address.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Acceptance } from '../buffer/arrivals.ts'
import type { WriteBuffer } from '../buffer/batch.ts'
import type { Classifier, Judgement } from '../classify/classifier.ts'
import type { HeaderReader } from '../http/client.ts'
import { lists } from '../http/header-list.ts'
import type { RefreshingCache } from '../links/refreshing-cache.ts'
import type { Click, TrackingEvent } from '../model/event.ts'
import { countsOn, type Variation } from '../model/variation.ts'
import type { Identity } from '../model/visitor.ts'
import { referrerHost } from '../privacy/referrer.ts'
import type { Salts } from '../privacy/salts.ts'
import type { Strangers } from '../privacy/strangers.ts'
import { type Agent, type AgentReader, noAgent } from './agent.ts'
import type { NewEventId } from './event-id.ts'
import type { Flood } from './flood.ts'
import type { InsiderOf } from './insiders.ts'
import type { Surplus } from './surplus.ts'
import type { Unchecked } from './unchecked.ts'

/** A click on a promo link, as the redirect sees it. */
export type Visit = {
  slug: string
  variationId: number
  address: string
  header: HeaderReader
  /** Called with a click that gets a row of its own, before it is recorded. */
  onClick?: ((click: Click) => void) | undefined
}

/** The click could not be checked here, and too many of those are waiting for the database. */
export type Ignored = 'too_many_unchecked'

export type ClickParts = {
  variations: Pick<RefreshingCache<number, Variation>, 'peek'>
  unchecked: Unchecked
  buffer: WriteBuffer
  networkOf: NetworkReader
  salts: Salts
  strangers: Strangers
  flood: Flood
  surplus: Surplus
  agentOf: AgentReader
  classifier: Classifier
  insiderOf: InsiderOf
  newEventId: NewEventId
  now: () => number
}

/**
 * Records a visitor's click and resolves when it is as safe as possible; then the visitor may be answered. The
 * variation is not looked up: if memory does not know it for sure, the database decides when the click is recorded.
 */
export function trackVisit(parts: ClickParts, visit: Visit): MaybePromise<Acceptance | Ignored> {
  const variation = knownVariation(parts, visit.slug, visit.variationId)
  if (variation) return parts.buffer.accept(eventOf(parts, visit, variation.offer_id))
  if (!parts.unchecked.admit(visit.address)) return 'too_many_unchecked'
  return parts.buffer.accept(eventOf(parts, visit, null))
}

/** The variation that a click on a slug counts for, as far as memory knows. */
export function knownVariation(
  { variations }: Pick<ClickParts, 'variations'>,
  slug: string,
  id: number,
): Variation | undefined {
  const variation = variations.peek(id)
  return variation && countsOn(variation, slug) ? variation : undefined
}

function eventOf(parts: ClickParts, visit: Visit, offerId: number | null): TrackingEvent {
  const { slug, variationId, address, header } = visit
  const userAgent = header('user-agent')
  const at = parts.now()
  const network = parts.networkOf(address)
  const anonymous = isAnonymous(header)
  const details = visitorDetails(parts, at, {
    anonymous,
    network,
    userAgent,
    referrer: header('referer'),
  })
  const judgement = parts.classifier.classify({
    at,
    variationId,
    header,
    userAgent,
    direct: true,
    address,
    insider: parts.insiderOf(address, header('cookie')),
    visitor: details.visitor,
    hashed: details.ip_hash !== null,
    flooding: () => parts.flood(network, at),
  })
  const surplus =
    judgement.verdict === 'machine' && offerId !== null
      ? parts.surplus({ at, network, offerId, variationId, reason: judgement.reason })
      : undefined
  if (surplus) return surplus
  const click = newClick({
    eventId: parts.newEventId(at),
    at,
    offerId,
    slug: offerId === null ? slug : null,
    variationId,
    details,
    judgement,
  })
  visit.onClick?.(click)
  return click
}

/** Whether a visitor asks that nothing is stored about them. */
export const isAnonymous = (header: HeaderReader): boolean =>
  lists(header('sec-gpc'), '1') || lists(header('dnt'), '1')

type Visitor = {
  /** Whether the visitor asks that nothing is stored. */
  anonymous: boolean
  /** As `NetworkReader` names it. */
  network: string | undefined
  userAgent: string | null | undefined
  referrer: string | null | undefined
}

type VisitorDetails = Pick<Click, 'referrer' | 'ip_hash' | 'address_hash'> & {
  agent: Agent
  /** Who it is for this process, even if nothing is stored. */
  visitor: Identity | null
}

/** What is stored about a visitor; only the user agent is raw. Without the month's salt there is no hash. */
export function visitorDetails(
  { salts, strangers, agentOf }: Pick<ClickParts, 'salts' | 'strangers' | 'agentOf'>,
  at: number,
  { anonymous, network, userAgent, referrer }: Visitor,
): VisitorDetails {
  const hash = anonymous ? undefined : salts.hashAt(at)
  const known = network && hash ? hash(network, userAgent ?? '') : null
  return {
    referrer: anonymous ? null : referrerHost(referrer),
    ip_hash: known?.visitor ?? null,
    address_hash: known?.address ?? null,
    agent: anonymous ? noAgent : agentOf(userAgent),
    visitor: known ?? (network ? strangers(network, userAgent ?? '', at) : null),
  }
}

/** A click at a time in milliseconds since 1970. Field by field, since two spreads cost as much as judging it. */
export const newClick = (known: {
  eventId: string
  at: number
  offerId: number | null
  slug: string | null
  variationId: number
  details: VisitorDetails
  judgement: Judgement
}): Click => ({
  kind: 'click',
  event_id: known.eventId,
  caller_key: false,
  at: known.at,
  offer_id: known.offerId,
  slug: known.slug,
  variation_id: known.variationId,
  referrer: known.details.referrer,
  user_agent: known.details.agent.user_agent,
  ip_hash: known.details.ip_hash,
  address_hash: known.details.address_hash,
  newcomer: known.judgement.newcomer,
  verdict: known.judgement.verdict,
  reason: known.judgement.reason,
  sign: known.judgement.sign,
  rules_version: known.judgement.rules_version,
  device: known.details.agent.device,
  browser: known.details.agent.browser,
  os: known.details.agent.os,
})
