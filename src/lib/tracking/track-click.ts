import type { Acceptance, WriteBuffer } from '../buffer/write-buffer.ts'
import type { Classifier, Judgement } from '../classify/classifier.ts'
import type { HeaderReader } from '../http/client.ts'
import type { RefreshingCache } from '../links/refreshing-cache.ts'
import { referrerHost } from '../privacy/referrer.ts'
import type { Salts } from '../privacy/salts.ts'
import { type Soon, whenThere } from '../soon.ts'
import { type Agent, type AgentReader, noAgent } from './agent.ts'
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
  agentOf: AgentReader
  classifier: Classifier
  newEventId: NewEventId
  now: () => number
}

/** Records a visitor's click and resolves when it is as safe as it can be; the visitor's answer may leave then. */
export const trackVisit = (parts: ClickParts, visit: Visit): Soon<Acceptance | Ignored> =>
  whenThere(parts.variations.get(visit.variationId), (variation) => {
    if (!variation) return 'unknown_variation'
    if (variation.link_slug !== null && variation.link_slug !== visit.slug) return 'other_slug'
    return parts.buffer.accept(clickOf(parts, visit, variation))
  })

function clickOf(parts: ClickParts, { header, address }: Visit, variation: Variation): Click {
  const userAgent = header('user-agent')
  const anonymous = header('sec-gpc') === '1' || header('dnt') === '1'
  const at = parts.now()
  const details = anonymous
    ? nobody
    : visitorDetails(parts, at, { address, userAgent, referrer: header('referer') })
  const judgement = parts.classifier.classify({
    at,
    variationId: variation.variation_id,
    header,
    userAgent,
    direct: true,
    address,
    visitor: details.ip_hash,
    flooding: parts.flood(address, at),
  })
  return newClick({ eventId: parts.newEventId(at), at, variation, details, judgement })
}

const nobody = { referrer: null, ip_hash: null, agent: noAgent }

type Visitor = {
  address: string | null | undefined
  userAgent: string | null | undefined
  referrer: string | null | undefined
}

type VisitorDetails = Pick<Click, 'referrer' | 'ip_hash'> & { agent: Agent }

/** What is kept of a visitor, none of it raw but the user agent. Without a month's salt there is no hash. */
export function visitorDetails(
  { salts, agentOf }: Pick<ClickParts, 'salts' | 'agentOf'>,
  at: number,
  { address, userAgent, referrer }: Visitor,
): VisitorDetails {
  const hash = address ? salts.hashAt(at) : undefined
  return {
    referrer: referrerHost(referrer),
    ip_hash: hash && address ? hash(address) : null,
    agent: agentOf(userAgent),
  }
}

/** A click at a time in milliseconds since 1970. Its fields one by one: two spreads cost as much as its verdict. */
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
  referrer: known.details.referrer,
  user_agent: known.details.agent.user_agent,
  ip_hash: known.details.ip_hash,
  verdict: known.judgement.verdict,
  reason: known.judgement.reason,
  sign: known.judgement.sign,
  rules_version: known.judgement.rules_version,
  device: known.details.agent.device,
  browser: known.details.agent.browser,
  os: known.details.agent.os,
})
