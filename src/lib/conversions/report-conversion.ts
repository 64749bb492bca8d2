import type { ApiFault } from '../http/answer.ts'
import { invalid } from '../http/read.ts'
import type { Conversion } from '../model/event.ts'
import { findIdFaults, recordReport, type SubmissionParts } from '../tracking/submissions.ts'
import type { ConversionReport } from './schema.ts'

export type ConversionParts = SubmissionParts & {
  /** Whole months before the current one for which conversions are kept. */
  months: number
  /** Called once a conversion is recorded, so that it is counted. */
  onRecorded: () => void
}

type Faults = Record<string, string>

/** Records what `POST track-conversion` reports. `undefined` once it is committed. */
export async function reportConversion(
  parts: ConversionParts,
  report: ConversionReport,
): Promise<ApiFault | undefined> {
  const at = parts.now()
  const known = parts.variations.peek(report.variation_id ?? 0)
  const faults = {
    ...(report.variation_id && !known ? await findIdFaults(parts, report) : {}),
    ...belongingFaults(report),
    ...timeFaults(report.occurred_at ?? at, at, parts.months),
  }
  if (Object.keys(faults).length > 0) return invalid(faults)
  const fault = await recordReport(parts, conversionOf(report, parts.newEventId(at), at))
  if (!fault) parts.onRecorded()
  return fault
}

/** What is wrong with a body that has other faults, beyond what its schema finds. */
export const findConversionFaults = async (parts: SubmissionParts, body: unknown): Promise<Faults> => ({
  ...(await findIdFaults(parts, body)),
  ...(typeof body === 'object' && body !== null ? belongingFaults(body) : {}),
})

/** A conversion belongs to a click, or to a text and perhaps a send. */
export function belongingFaults(report: {
  click_id?: unknown
  variation_id?: unknown
  newsletter_send_id?: unknown
}): Faults {
  const { click_id, variation_id, newsletter_send_id } = report
  const isThere = (value: unknown) => value !== undefined && value !== null
  if (isThere(click_id) && isThere(variation_id))
    return {
      variation_id: 'is given together with click_id, which already says the text; send only one of them',
    }
  if (isThere(click_id) && isThere(newsletter_send_id))
    return {
      newsletter_send_id: 'is given together with click_id, which already says the send; leave it out',
    }
  if (isThere(click_id) || isThere(variation_id)) return {}
  return { click_id: 'is missing; send the id that the redirect passed on, or variation_id' }
}

const day = 86_400_000

/** A conversion older than the retained rows could be counted twice. */
export function timeFaults(occurredAt: number, now: number, months: number): Faults {
  const today = new Date(now)
  const oldest = Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - months)
  if (occurredAt < oldest)
    return {
      occurred_at:
        `is before ${new Date(oldest).toISOString().slice(0, 10)}: older conversions are not kept ` +
        '(PROMO_RETAIN_EVENTS_MONTHS)',
    }
  return occurredAt > now + day ? { occurred_at: 'is in the future; check the year and the time zone' } : {}
}

/** The event of a report that arrived at a time in milliseconds since 1970. */
export const conversionOf = (report: ConversionReport, eventId: string, at: number): Conversion => ({
  kind: 'conversion',
  event_id: eventId,
  caller_key: false,
  at,
  source: report.source ?? '',
  external_id: report.external_id,
  click_id: report.click_id?.eventId ?? null,
  clicked_at: report.click_id?.at ?? null,
  variation_id: report.variation_id ?? null,
  newsletter_send_id: report.newsletter_send_id ?? null,
  amount: report.amount,
  currency: report.currency,
  status: report.status,
  occurred_at: report.occurred_at ?? at,
})
