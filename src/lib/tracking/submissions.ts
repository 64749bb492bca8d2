import * as v from 'valibot'
import type { Result } from '../base/result.ts'
import type { Flusher } from '../buffer/flusher.ts'
import type { DatabaseFault } from '../database/sql.ts'
import type { ApiFault } from '../http/answer.ts'
import { invalid } from '../http/read.ts'
import type { TrackingEvent } from '../model/event.ts'
import type { Variation } from '../model/variation.ts'
import { type ClickSubmission, type ImpressionSubmission, id } from './schemas.ts'
import { type ClickParts, newClick, visitorDetails } from './track-click.ts'

export type SubmissionParts = Omit<ClickParts, 'flood' | 'surplus' | 'insiderOf'> & {
  flusher: Flusher
  findVariation: (id: number) => Promise<Result<Variation | undefined, DatabaseFault>>
  /** Also true if the database does not answer. */
  offerExists: (id: number) => Promise<boolean>
  /** Events that are being recorded under ids that callers chose. */
  underWay: Map<string, string>
}

/** The newsletter script waits two seconds, so the answer has to come earlier. */
const commitWait = 1_200

/** Records what `POST track-impression` reports. `undefined` once it is committed. */
export async function submitImpression(
  parts: SubmissionParts,
  report: ImpressionSubmission,
): Promise<ApiFault | undefined> {
  if (parts.variations.peek(report.variation_id)?.offer_id !== report.offer_id) {
    const faults = await findFaults(parts, report)
    if (Object.keys(faults).length > 0) return invalid(faults)
  }
  const at = parts.now()
  const sendId = report.newsletter_send_id ?? null
  if (sendId !== null) parts.classifier.noteSend(report.variation_id, sendId, at)
  return await recordOnce(parts, report, {
    kind: 'impression',
    event_id: report.event_id ?? parts.newEventId(at),
    caller_key: Boolean(report.event_id),
    at,
    offer_id: report.offer_id,
    variation_id: report.variation_id,
    newsletter_send_id: sendId,
    newsletter: report.newsletter ?? null,
    recipients: report.recipients,
  })
}

/** Records what `POST track-click` reports. `undefined` once it is committed. */
export async function submitClick(
  parts: SubmissionParts,
  report: ClickSubmission,
): Promise<ApiFault | undefined> {
  const variation = parts.variations.peek(report.variation_id)
  if (!variation && !parts.unchecked.admit())
    return trackingFailed('Too many clicks are waiting for the database to check them; send it again later', {
      variation_id: report.variation_id,
      queued: false,
    })
  const at = parts.now()
  const details = visitorDetails(parts, at, {
    anonymous: false,
    network: report.ip_address ? parts.networkOf(report.ip_address) : undefined,
    userAgent: report.user_agent,
    referrer: report.referrer,
  })
  const judgement = parts.classifier.classify({
    at,
    variationId: report.variation_id,
    header: () => undefined,
    userAgent: report.user_agent,
    direct: false,
    address: report.ip_address,
    insider: null,
    visitor: details.visitor,
    hashed: details.ip_hash !== null,
    flooding: () => false,
  })
  const click = newClick({
    eventId: report.event_id ?? parts.newEventId(at),
    at,
    offerId: variation?.offer_id ?? null,
    slug: null,
    variationId: report.variation_id,
    details,
    judgement,
  })
  return await recordOnce(parts, report, { ...click, caller_key: Boolean(report.event_id) })
}

/** What is wrong with the ids of a body that has other faults, so that the caller need not correct it twice. */
export async function findIdFaults(parts: SubmissionParts, body: unknown): Promise<ImpressionFaults> {
  const offer = v.safeParse(v.object({ offer_id: id }), body)
  const variation = v.safeParse(v.object({ variation_id: id }), body)
  if (offer.success && variation.success)
    return await findFaults(parts, { ...offer.output, ...variation.output })
  if (offer.success) return await findUnknownOffer(parts, offer.output.offer_id)
  if (!variation.success) return {}
  const found = await parts.findVariation(variation.output.variation_id)
  return found.ok && !found.value ? unknownVariation(variation.output.variation_id) : {}
}

const unknownVariation = (id: number) => ({ variation_id: `Variation ID ${id} does not exist` })

const findUnknownOffer = async (parts: SubmissionParts, id: number): Promise<{ offer_id?: string }> =>
  (await parts.offerExists(id)) ? {} : { offer_id: `Offer ID ${id} does not exist` }

type ImpressionFaults = { offer_id?: string; variation_id?: string }

/** What is not in memory is looked up. If the database does not answer, it decides when the event is recorded. */
async function findFaults(
  parts: SubmissionParts,
  { offer_id, variation_id }: Pick<ImpressionSubmission, 'offer_id' | 'variation_id'>,
): Promise<ImpressionFaults> {
  const found = await parts.findVariation(variation_id)
  if (!found.ok || found.value?.offer_id === offer_id) return {}
  const unknownOffer = await findUnknownOffer(parts, offer_id)
  if (!found.value) return { ...unknownVariation(variation_id), ...unknownOffer }
  if (unknownOffer.offer_id) return unknownOffer
  return { offer_id: `Variation ID ${variation_id} belongs to offer ID ${found.value.offer_id}` }
}

/** A caller's id identifies one event: using it for another one is refused, at the same time or later. */
async function recordOnce(
  parts: SubmissionParts,
  report: ImpressionSubmission | ClickSubmission,
  event: TrackingEvent,
): Promise<ApiFault | undefined> {
  if (!event.caller_key) return await recordReport(parts, event)
  const said = JSON.stringify([event.kind, report])
  const other = parts.underWay.get(event.event_id)
  if (other !== undefined && other !== said) return reused
  parts.underWay.set(event.event_id, said)
  try {
    return await recordReport(parts, event)
  } finally {
    parts.underWay.delete(event.event_id)
  }
}

const reused: ApiFault = {
  error: 'event_id_reused',
  details: { event_id: 'was used before for another event; give each event its own id' },
}

const otherNewsletter: ApiFault = {
  error: 'newsletter_differs',
  details: {
    newsletter:
      'is not the one that this send was reported for before; a send belongs to one newsletter, so give ' +
      'each its own newsletter_send_id',
  },
}

const otherClick: ApiFault = {
  error: 'conversion_differs',
  details: {
    external_id:
      'was used before for a conversion of another click or text; give each conversion its own, or name its source',
  },
}

/** Records an event; resolves once it is committed, or with why it is not. */
export async function recordReport(
  parts: Pick<SubmissionParts, 'flusher' | 'buffer'>,
  event: TrackingEvent,
): Promise<ApiFault | undefined> {
  const settled = parts.flusher.settled(event.event_id, commitWait)
  const acceptance = await parts.buffer.accept(event)
  const ids = idsOf(event)
  if (acceptance === 'lost')
    return trackingFailed('There is no room for the event; send it again later', { ...ids, queued: false })
  const outcome = await settled
  if (outcome === 'committed') return undefined
  if (outcome === 'reused') return reused
  if (outcome === 'other_newsletter') return otherNewsletter
  if (outcome === 'other_click') return otherClick
  if (outcome === 'rejected') {
    const owned = event.kind === 'impression' ? ` as one of offer ID ${event.offer_id}` : ''
    return invalid({ variation_id: `Variation ID ${event.variation_id} does not exist${owned}` })
  }
  if (outcome === 'refused') {
    const message = 'The database refuses the event, which is kept among the rejects; do not send it again'
    return trackingFailed(message, { ...ids, queued: false })
  }
  return acceptance === 'journaled'
    ? trackingFailed(
        'The database does not answer; the event is kept and will be recorded, so do not send it again',
        { ...ids, queued: true },
      )
    : trackingFailed(
        'Neither the database nor the journal can take the event; send it again later with the same id',
        { ...ids, queued: false },
      )
}

function idsOf(event: TrackingEvent): Record<string, unknown> {
  if (event.kind === 'conversion') return { external_id: event.external_id }
  const { offer_id, variation_id } = event
  return { ...(offer_id !== null && { offer_id }), variation_id }
}

const trackingFailed = (message: string, fields: Record<string, unknown>): ApiFault => ({
  error: 'tracking_failed',
  message,
  fields,
})
