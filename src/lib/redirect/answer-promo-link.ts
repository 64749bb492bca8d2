import type { Log } from '../base/log.ts'
import { type MaybePromise, whenThere } from '../base/maybe-promise.ts'
import { messageOf } from '../base/result.ts'
import type { Acceptance } from '../buffer/arrivals.ts'
import { type Answer, bareHeaders } from '../http/answer.ts'
import type { Client, HeaderReader } from '../http/client.ts'
import { repairSlug } from '../links/damaged-slug.ts'
import { type Destination, locationFor } from '../links/destination.ts'
import type { Links } from '../links/two-sources.ts'
import type { Click } from '../model/event.ts'
import type { Damage } from '../model/link.ts'
import { slugPattern } from '../model/link.ts'
import { clickIdOf } from '../tracking/click-id.ts'
import {
  type ClickParts,
  type Ignored,
  isAnonymous,
  knownVariation,
  trackVisit,
} from '../tracking/track-click.ts'
import type { readPromoVar } from './promo-var.ts'

/** A request for `/slug`, wherever it came in. */
export type PromoLinkRequest = {
  method: string
  slug: string
  /** The URL's query, without the question mark. */
  query: string
  header: HeaderReader
  client: Client
}

export type PromoLinkParts = ClickParts & {
  links: Links
  /** Words that the site's own pages have for paths, which come before links. */
  pages: ReadonlySet<string>
  promoVarOf: typeof readPromoVar
  /** Called with the outcome of each redirect's click; `failed` if tracking itself threw an error. */
  onVisit: (outcome: VisitOutcome) => void
  /**
   * Called with the slug of a damaged link: one that was unreadable, or one to a text that is known to count on that
   * slug.
   */
  onDamage: (slug: string, damage: Damage) => void
  log: Log
}

export type VisitOutcome = Acceptance | Ignored | 'unreadable' | 'failed' | 'untracked'

const redirectHeaders = { ...bareHeaders, 'content-length': '0' }

/**
 * Answers a promo link with its redirect and records the click on the way. `undefined` if there is no such link: the
 * site's own 404 page is the answer then. No failure of tracking changes the answer.
 */
export function answerPromoLink(
  parts: PromoLinkParts,
  request: PromoLinkRequest,
): MaybePromise<Answer | undefined> {
  const slug = request.slug.toLowerCase()
  if (!slugPattern.test(slug)) return answerDamaged(parts, request)
  if (parts.pages.has(slug)) return undefined
  return whenThere(parts.links.get(slug), (found) => found && answerFound(parts, found, request, false))
}

function answerDamaged(parts: PromoLinkParts, request: PromoLinkRequest): MaybePromise<Answer | undefined> {
  const repaired = repairSlug(request.slug, request.query)
  if (!repaired || parts.pages.has(repaired.slug)) return undefined
  return whenThere(
    parts.links.get(repaired.slug),
    (found) => found && answerFound(parts, found, { ...request, ...repaired }, true),
  )
}

function answerFound(
  parts: PromoLinkParts,
  link: Destination,
  request: PromoLinkRequest,
  damagedSlug: boolean,
): MaybePromise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, headers: { ...redirectHeaders, allow: 'GET, HEAD' } }
  }
  if (request.method === 'HEAD') return redirectTo(locationFor(link, request.query))
  let named: Click | undefined
  const recorded = (outcome: VisitOutcome): Answer => {
    parts.onVisit(outcome)
    const id = named && outcome !== 'lost' && outcome !== 'failed' ? clickIdOf(named.event_id) : undefined
    return redirectTo(locationFor(link, request.query, id))
  }
  const failed = (error: unknown): Answer => {
    parts.log.error({ reason: messageOf(error) }, 'a click could not be recorded')
    return recorded('failed')
  }
  try {
    const onClick =
      link.clickId && !isAnonymous(request.header)
        ? (click: Click): void => {
            if (click.verdict !== 'machine') named = click
          }
        : undefined
    const outcome = recordVisit(parts, link.slug, request, damagedSlug, onClick)
    return outcome instanceof Promise ? outcome.then(recorded, failed) : recorded(outcome)
  } catch (error) {
    return failed(error)
  }
}

const redirectTo = (location: string): Answer => ({
  status: 307,
  headers: { ...redirectHeaders, location },
})

function recordVisit(
  parts: PromoLinkParts,
  slug: string,
  { header, client, query }: PromoLinkRequest,
  damagedSlug: boolean,
  onClick: ((click: Click) => void) | undefined,
): MaybePromise<VisitOutcome> {
  const read = parts.promoVarOf(query)
  if (read === 'untracked') return read
  if (read === 'unreadable') {
    parts.onDamage(slug, 'unreadable')
    return read
  }
  const { variationId, damaged } = read
  // Damage is compared with recorded clicks, and invented ids belong to neither.
  if ((damagedSlug || damaged) && knownVariation(parts, slug, variationId)) parts.onDamage(slug, 'damaged')
  return trackVisit(parts, { slug, variationId, address: client.address, header, onClick })
}
