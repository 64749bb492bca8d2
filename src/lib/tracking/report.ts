import { v7 as newEventId } from 'uuid'
import type { Flusher } from '../buffer/flusher.ts'
import { classify } from '../classify/verdict.ts'
import type { ApiFault } from '../http/answer.ts'
import { invalid } from '../http/read.ts'
import type { TrackingEvent } from './event.ts'
import type { ClickReport, ImpressionReport } from './schemas.ts'
import { type ClickParts, newClick, visitorDetails } from './track-click.ts'

export type ReportParts = Omit<ClickParts, 'flood'> & {
  flusher: Flusher
  /** True as well where the database cannot tell. */
  offerExists: (id: number) => Promise<boolean>
}

/** The script waits two seconds; the answer has to leave before. */
const commitWait = 1_200

/** Records what `POST track-impression` reports. `undefined` once it is committed. */
export async function reportImpression(
  parts: ReportParts,
  report: ImpressionReport,
): Promise<ApiFault | undefined> {
  const variation = await parts.variations.get(report.variation_id)
  const faults: { offer_id?: string; variation_id?: string } = {
    ...((await parts.offerExists(report.offer_id)) ? {} : { offer_id: `Offer ID ${report.offer_id} does not exist` }),
    ...(variation ? {} : unknownVariation(parts, report.variation_id)),
  }
  if (variation && variation.offer_id !== report.offer_id) {
    faults.offer_id ??= `Variation ID ${variation.variation_id} belongs to offer ID ${variation.offer_id}`
  }
  if (Object.keys(faults).length > 0) return invalid(faults)
  const at = parts.now()
  return await recordReport(parts, {
    kind: 'impression',
    event_id: report.event_id ?? newEventId({ msecs: at }),
    caller_key: Boolean(report.event_id),
    at,
    offer_id: report.offer_id,
    variation_id: report.variation_id,
    newsletter_send_id: report.newsletter_send_id ?? null,
    recipients: report.recipients ?? 1,
  })
}

/** Records what `POST track-click` reports. `undefined` once it is committed. */
export async function reportClick(parts: ReportParts, report: ClickReport): Promise<ApiFault | undefined> {
  const variation = await parts.variations.get(report.variation_id)
  if (!variation) {
    const unknown = unknownVariation(parts, report.variation_id)
    if (unknown.variation_id) return invalid({ variation_id: unknown.variation_id })
    return trackingFailed('The database does not answer and this variation is not known here, send it again later', {
      variation_id: report.variation_id,
      queued: false,
    })
  }
  const click = newClick(parts.now(), variation)
  return await recordReport(parts, {
    ...click,
    ...(report.event_id && { event_id: report.event_id, caller_key: true }),
    ...classify({ header: () => undefined, userAgent: report.user_agent ?? undefined, flooding: false }),
    ...visitorDetails(parts.salts.at(click.at), {
      address: report.ip_address,
      userAgent: report.user_agent,
      referrer: report.referrer,
    }),
  })
}

/** While the database is away a variation that is not known may exist all the same. */
function unknownVariation(parts: ReportParts, id: number): { variation_id?: string } {
  return parts.variations.current ? { variation_id: `Variation ID ${id} does not exist` } : {}
}

async function recordReport(parts: ReportParts, event: TrackingEvent): Promise<ApiFault | undefined> {
  const settled = parts.flusher.settled(event.event_id, commitWait)
  const acceptance = await parts.buffer.accept(event)
  const ids = { offer_id: event.offer_id, variation_id: event.variation_id }
  if (acceptance === 'lost') return trackingFailed('No room for the event, send it again later', { ...ids, queued: false })
  const outcome = await settled
  if (outcome === 'committed') return undefined
  if (outcome === 'rejected') {
    return invalid({ variation_id: `Variation ID ${event.variation_id} does not exist` })
  }
  return trackingFailed('The database does not answer; the event is kept and will be recorded, do not send it again', {
    ...ids,
    queued: true,
  })
}

const trackingFailed = (message: string, fields: Record<string, unknown>): ApiFault => ({
  error: 'tracking_failed',
  message,
  fields,
})
