import { byReferrerClass } from '../classify/referrer.ts'
import type { ReportRow, SentPromo, Sums } from '../store/report-row.ts'
import { figuresOf, previewOf, rate } from './figures.ts'
import { type Counting, daysBefore, daysBetween, type ReportQuery } from './query.ts'
import type {
  AttributeRow,
  Figures,
  OfferRow,
  ReasonShare,
  Report,
  SendRow,
  Share,
  Statistics,
  Summary,
  VariationRow,
} from './report.ts'

/** What the sends so far say: of each variation, of each offer, and of each kind of text. */
export type Assessment = {
  variations: ReadonlyMap<number, Statistics>
  offers: ReadonlyMap<number, Pick<OfferRow, 'smoothed_ctr' | 'interval'>>
  attributes: Record<'tone' | 'length_category' | 'cta_text', AttributeRow[]>
}

/** Hours since a send at which its spans begin. */
export const spanStarts = [0, 1, 2, 3, 6, 12, 24, 48, 72, 168] as const

/** The report of what one statement has read. */
export function buildReport(row: ReportRow, query: ReportQuery, assessment: Assessment): Report {
  const { include, counting } = query
  const shares = (dimension: string): Share[] =>
    row.breakdown
      .filter((share) => share.dimension === dimension)
      .map(({ value, clicks, human_clicks }) => ({ value, clicks, human_clicks }))
  return {
    summary: summaryOf(row.summary, row.first_day, query.end, query.start === undefined),
    ...(query.start !== undefined &&
      row.previous && { previous: previousOf(row.previous, query.start, query.end) }),
    offers: rankBy(
      counting,
      row.offers.map((offer) => offerRow(offer, row, counting, assessment)),
    ),
    ...(include.has('variations') && {
      variations: rankBy(
        counting,
        row.variations.map((v) => variationRow(v, assessment)),
      ),
    }),
    ...(include.has('timeline') && {
      timeline: row.timeline.map((day) => ({ date: day.date, ...figuresOf(day) })),
    }),
    ...(include.has('sparklines') && { sparklines: row.sparklines }),
    ...(include.has('heatmap') && { heatmap: row.heatmap }),
    ...(include.has('devices') && {
      devices: { device: shares('device'), browser: shares('browser'), os: shares('os') },
    }),
    ...(include.has('referrers') && {
      referrers: shares('referrer'),
      referrer_classes: byReferrerClass(shares('referrer')),
    }),
    ...(include.has('reasons') && { reasons: reasonsOf(row) }),
    ...(include.has('sends') && { sends: sendRows(row.sends) }),
    ...(include.has('attributes') && { attributes: assessment.attributes }),
    settled_until: row.settled_until,
  }
}

/** A reason that has led to several verdicts, as those of earlier rules may have, has a row for each. */
const reasonsOf = ({ breakdown }: ReportRow): ReasonShare[] =>
  breakdown
    .filter(({ dimension }) => dimension === 'reason')
    .flatMap(({ value, clicks, human_clicks, machine_clicks }): ReasonShare[] => [
      { value, verdict: 'human', clicks: human_clicks, human_clicks },
      { value, verdict: 'machine', clicks: machine_clicks, human_clicks: 0 },
      { value, verdict: 'duplicate', clicks: clicks - human_clicks - machine_clicks, human_clicks: 0 },
    ])
    .filter(({ clicks }) => clicks > 0)

function summaryOf(sums: Sums, start: string, end: string, all: boolean): Summary {
  const { impressions, clicks, ctr, ...figures } = figuresOf(sums)
  return {
    total_impressions: impressions,
    total_clicks: clicks,
    overall_ctr: ctr,
    ...figures,
    date_range: { start, end, days: all ? 'all' : daysBetween(start, end) },
  }
}

function previousOf(sums: Sums, start: string, end: string): Summary {
  const length = daysBetween(start, end)
  return summaryOf(sums, daysBefore(start, length + 1), daysBefore(start, 1), false)
}

function offerRow(
  offer: ReportRow['offers'][number],
  { variations }: ReportRow,
  counting: Counting,
  assessment: Assessment,
): OfferRow {
  const own = variations.filter(({ offer_id }) => offer_id === offer.offer_id)
  const [best] = rankBy(
    counting,
    own.map((sums) => ({ variation_id: sums.variation_id, ...figuresOf(sums) })),
  )
  const assessed = assessment.offers.get(offer.offer_id)
  return {
    offer_id: offer.offer_id,
    offer_name: offer.offer_name,
    offer_type: offer.offer_type,
    active: offer.active,
    best_variation_id: best && best.ctr !== null ? best.variation_id : null,
    ...figuresOf(offer),
    smoothed_ctr: assessed?.smoothed_ctr ?? null,
    interval: assessed?.interval ?? null,
  }
}

function variationRow(variation: ReportRow['variations'][number], assessment: Assessment): VariationRow {
  const statistics = assessment.variations.get(variation.variation_id)
  const { variation_id, offer_id, text_content, cta_text, tone, length_category, approved } = variation
  return {
    variation_id,
    offer_id,
    text_preview: previewOf(text_content),
    text_content,
    cta_text,
    tone,
    length_category,
    approved,
    ...figuresOf(variation),
    ...(statistics && { statistics }),
  }
}

function sendRows(sends: readonly SentPromo[]): SendRow[] {
  // A text is sent many times, and shortening it is dear.
  const previews = new Map<string, string>()
  const previewOnce = (text: string) => {
    const preview = previews.get(text) ?? previewOf(text)
    previews.set(text, preview)
    return preview
  }
  return sends.map(({ spans, text_content, ...send }) => {
    const counted = new Map(spans.map(([hours, ...clicks]) => [hours, clicks]))
    return {
      ...send,
      text_preview: previewOnce(text_content),
      ctr: rate(send.clicks, send.recipients),
      human_ctr: rate(send.human_clicks, send.recipients),
      by_hours: spanStarts.map((hours) => {
        const [clicks = 0, human_clicks = 0] = counted.get(hours) ?? []
        return { hours, clicks, human_clicks }
      }),
    }
  })
}

type Ranked = Figures & ({ variation_id: number } | { offer_id: number })

/** Best CTR first, then more impressions; what was never shown comes last. */
function rankBy<Row extends Ranked>(counting: Counting, rows: readonly Row[]): Row[] {
  const ctr = (row: Row) => (counting === 'human' ? row.human_ctr : row.ctr) ?? -1
  const id = (row: Ranked) => ('variation_id' in row ? row.variation_id : row.offer_id)
  return rows.toSorted((a, b) => ctr(b) - ctr(a) || b.impressions - a.impressions || id(a) - id(b))
}
