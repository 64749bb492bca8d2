import type { SendRow } from '../model/report.ts'
import type { Crowd, SendEvidence, SendsAndTexts, Signs } from '../model/send-evidence.ts'
import { marks } from '../stats/arrival.ts'
import { at } from '../stats/at.ts'
import type { CrowdOfSend, SendSpan, SentText, SignsOfSend } from '../store/report-evidence.ts'
import { previewOf, rate } from './figures.ts'

/** Hours after a send at which its spans begin. */
export const spanStarts = [0, 1, 2, 3, 6, 12, 24, 48, 72, 168] as const

/** A send as reports show it and as the statistics use it. */
export type Sent = {
  /** That of its impression. */
  id: number
  row: SendRow
  evidence: SendEvidence
  /** When the hour of the send began, in milliseconds since 1970. */
  hour: number
}

const hourLength = 3_600_000

type Written = { texts: SentText[]; spans: SendSpan[]; crowds: CrowdOfSend[]; signs: SignsOfSend[] }

/** All sends of evidence, see `ReportPart`, oldest first. */
export function readEvidence(json: string): { sends: Sent[]; variations: SendsAndTexts['variations'] } {
  const { texts, spans, crowds, signs }: Written = JSON.parse(json)
  const crowdsOf = new Map(crowds.map((crowd) => [crowd[0], crowd]))
  const signsOf = new Map(signs.map(([id, uncertain, doubtful]) => [id, { uncertain, doubtful }]))
  const spansOf = Map.groupBy(spans, ([id]) => id)
  const sends = texts.flatMap((text) => {
    // Cached, since a text is sent many times and shortening it is expensive.
    const preview = previewOf(text.text_content)
    return text.sends.map((send) => ({ send, text, preview }))
  })
  return {
    variations: texts,
    sends: sends
      .toSorted(({ send: [id, , at] }, { send: [otherId, , otherAt] }) => at - otherAt || id - otherId)
      .map(({ send, text, preview }) =>
        readSend(send, text, spansOf.get(send[0]) ?? [], preview, {
          crowd: crowdsOf.get(send[0]),
          signs: signsOf.get(send[0]),
        }),
      ),
  }
}

/** One send of a text with its clicks. */
export function readSend(
  [id, newsletter_send_id, sent_at, recipients, newsletter]: SentText['sends'][number],
  { offer_id, variation_id, offer_name }: SentText,
  spans: readonly SendSpan[],
  text_preview: string,
  { crowd, signs = null }: { crowd?: CrowdOfSend | undefined; signs?: Signs | null | undefined } = {},
): Sent {
  const sums = { clicks: 0, human_clicks: 0, clickers: 0 }
  const clickers_by = marks.map(() => 0)
  // In one pass, since a report over years holds thousands of spans.
  for (const [, hours, clicks, human_clicks, clickers] of spans) {
    sums.clicks += clicks
    sums.human_clicks += human_clicks
    sums.clickers += clickers
    for (let mark = marks.length - 1; mark >= 0 && hours < at(marks, mark); mark -= 1)
      clickers_by[mark] = at(clickers_by, mark) + clickers
  }
  const { clicks, human_clicks, clickers } = sums
  return {
    id,
    hour: Math.floor(sent_at / hourLength) * hourLength,
    evidence: {
      offer_id,
      variation_id,
      newsletter_send_id,
      newsletter,
      sent_at,
      recipients,
      clickers,
      clickers_by,
      crowd: crowd ? crowdOf(crowd, spans, human_clicks) : null,
      signs,
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
      clickers,
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

function crowdOf(
  [, addresses, visits, largest, human_clicks]: CrowdOfSend,
  spans: readonly SendSpan[],
  allHuman: number,
): Crowd {
  const sumOf = (own: readonly SendSpan[]) => own.reduce((sum, [, , , , , clickers]) => sum + clickers, 0)
  return {
    addresses,
    visits,
    largest,
    other_clicks: Math.max(0, allHuman - human_clicks),
    clickers: sumOf(spans),
    clickers_by: marks.map((mark) => sumOf(spans.filter(([, hours]) => hours < mark))),
  }
}
