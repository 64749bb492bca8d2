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
  [, newsletter_send_id, sent_at, recipients, newsletter]: SentText['sends'][number],
  { offer_id, variation_id, offer_name }: SentText,
  text_preview: string,
  spans: readonly SendSpan[],
): Sent {
  const sums = { clicks: 0, human_clicks: 0, clickers: 0, clickers_1: 0, clickers_2: 0, clickers_3: 0 }
  // In one pass, since a report over years holds thousands of spans.
  for (const [, hours, clicks, human_clicks, clickers] of spans) {
    sums.clicks += clicks
    sums.human_clicks += human_clicks
    sums.clickers += clickers
    if (hours < 24) sums.clickers_1 += clickers
    if (hours < 48) sums.clickers_2 += clickers
    if (hours < 72) sums.clickers_3 += clickers
  }
  const { clicks, human_clicks, ...clickers } = sums
  return {
    hour: Math.floor(sent_at / hourLength) * hourLength,
    evidence: {
      offer_id,
      variation_id,
      newsletter_send_id,
      newsletter,
      sent_at,
      recipients,
      ...clickers,
    },
    row: {
      newsletter_send_id,
      newsletter: newsletter === '' ? null : newsletter,
      offer_id,
      offer_name,
      variation_id,
      sent_at: `${new Date(sent_at).toISOString().slice(0, 19)}Z`,
      recipients,
      clicks,
      human_clicks,
      clickers: clickers.clickers,
      text_preview,
      ctr: rate(clicks, recipients),
      human_ctr: rate(human_clicks, recipients),
      by_hours: spanStarts.map((hours) => {
        const [, , clicks = 0, human_clicks = 0] = spans.find((span) => span[1] === hours) ?? []
        return { hours, clicks, human_clicks }
      }),
    },
  }
}
