import type { Evidence, SendEvidence, SendSpan, SentText } from '../store/report-row.ts'
import { previewOf, rate } from './figures.ts'
import type { SendRow } from './report.ts'

/** Hours since a send at which its spans begin. */
export const spanStarts = [0, 1, 2, 3, 6, 12, 24, 48, 72, 168] as const

/** A send as a report shows it and as the statistics take it. */
export type Sent = {
  row: SendRow
  evidence: SendEvidence
  /** When the hour of the send began, in milliseconds since 1970. */
  hour: number
}

const hourLength = 3_600_000

/** All sends of evidence, see `ReportRow`, oldest first. */
export function readEvidence(json: string): { sends: Sent[]; variations: Evidence['variations'] } {
  const { texts, spans }: { texts: SentText[]; spans: SendSpan[] } = JSON.parse(json)
  const spansOf = Map.groupBy(spans, ([id]) => id)
  const sends = texts.flatMap((text) => {
    // A text is sent many times, and shortening it is dear.
    const preview = previewOf(text.text_content)
    return text.sends.map((send) => ({ send, text, preview }))
  })
  return {
    variations: texts,
    sends: sends
      .toSorted(({ send: [id, , at] }, { send: [otherId, , otherAt] }) => at - otherAt || id - otherId)
      .map(({ send, text, preview }) => sentOf(send, text, preview, spansOf.get(send[0]) ?? [])),
  }
}

function sentOf(
  [, newsletter_send_id, sent_at, recipients]: SentText['sends'][number],
  { offer_id, variation_id, offer_name }: SentText,
  text_preview: string,
  spans: readonly SendSpan[],
): Sent {
  const clickersBefore = (end: number) =>
    spans.reduce((sum, [, hours, , , clickers]) => (hours < end ? sum + clickers : sum), 0)
  const clickers = clickersBefore(Number.POSITIVE_INFINITY)
  const by_hours = spanStarts.map((start) => {
    const [, , clicks = 0, human_clicks = 0] = spans.find(([, hours]) => hours === start) ?? []
    return { hours: start, clicks, human_clicks }
  })
  const clicks = by_hours.reduce((sum, span) => sum + span.clicks, 0)
  const human_clicks = by_hours.reduce((sum, span) => sum + span.human_clicks, 0)
  return {
    hour: Math.floor(sent_at / hourLength) * hourLength,
    evidence: {
      offer_id,
      variation_id,
      newsletter_send_id,
      sent_at,
      recipients,
      clickers,
      clickers_1: clickersBefore(24),
      clickers_2: clickersBefore(48),
      clickers_3: clickersBefore(72),
    },
    row: {
      newsletter_send_id,
      offer_id,
      offer_name,
      variation_id,
      sent_at: `${new Date(sent_at).toISOString().slice(0, 19)}Z`,
      recipients,
      clicks,
      human_clicks,
      clickers,
      text_preview,
      ctr: rate(clicks, recipients),
      human_ctr: rate(human_clicks, recipients),
      by_hours,
    },
  }
}
