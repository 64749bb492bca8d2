import { createHash } from 'node:crypto'
import { v7 as newEventId } from 'uuid'
import { byTrait } from '../../src/lib/model/click-traits.ts'
import type { Click, Conversion, Impression, SurplusClicks } from '../../src/lib/model/event.ts'

const noon = Date.UTC(2026, 10, 18, 12, 0, 0)

/** By default a human's click on variation 42. */
export function aClick(changes: Partial<Click> = {}): Click {
  const at = changes.at ?? noon
  return {
    kind: 'click',
    event_id: newEventId({ msecs: at }),
    caller_key: false,
    at,
    offer_id: 4,
    slug: null,
    variation_id: 42,
    referrer: 'mail.example',
    user_agent: 'Mozilla/5.0',
    ip_hash: null,
    address_hash: null,
    newcomer: null,
    verdict: 'human',
    reason: 'none',
    sign: null,
    rules_version: 1,
    ...byTrait(() => null),
    ...changes,
  }
}

/** By default one send of variation 42 to a hundred recipients. */
export function anImpression(changes: Partial<Impression> = {}): Impression {
  const at = changes.at ?? noon
  return {
    kind: 'impression',
    event_id: newEventId({ msecs: at }),
    caller_key: false,
    at,
    offer_id: 4,
    variation_id: 42,
    newsletter_send_id: '2026-11-18-daily',
    newsletter: null,
    recipients: 100,
    ...changes,
  }
}

/** By default a surplus click on variation 42 beyond its address's flood limit. */
export function aSurplus(changes: Partial<SurplusClicks> = {}): SurplusClicks {
  const at = changes.at ?? noon
  return {
    kind: 'surplus',
    event_id: newEventId({ msecs: at }),
    caller_key: false,
    at,
    offer_id: 4,
    variation_id: 42,
    reason: 'flood',
    clicks: 1,
    ...changes,
  }
}

/** The visitor hash of the visitor with that number. */
export const aHash = (number: number): string => createHash('sha256').update(String(number)).digest('hex')

/** By default an approved conversion of variation 42, worth 10 euros. */
export function aConversion(changes: Partial<Conversion> = {}): Conversion {
  const at = changes.at ?? noon
  const eventId = newEventId({ msecs: at })
  return {
    kind: 'conversion',
    event_id: eventId,
    caller_key: false,
    at,
    source: '',
    external_id: eventId,
    click_id: null,
    clicked_at: null,
    variation_id: changes.click_id ? null : 42,
    newsletter_send_id: null,
    amount: '10',
    currency: 'EUR',
    status: 'approved',
    occurred_at: at,
    ...changes,
  }
}

/** What a conversion says about its click. */
export const ofClick = ({ event_id, at }: Click): Partial<Conversion> => ({
  click_id: event_id,
  clicked_at: at,
  variation_id: null,
})
