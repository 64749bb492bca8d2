import { daysBefore, daysBetween } from '../base/days.ts'
import { byReferrerClass } from '../classify/referrer.ts'
import type { Assessment } from '../model/assessment.ts'
import { byTrait } from '../model/click-traits.ts'
import type { Doubt } from '../model/doubt.ts'
import type {
  Figures,
  OfferRow,
  ReasonShare,
  Report,
  SendRow,
  Share,
  Summary,
  TimelineRow,
  VariationRow,
} from '../model/report.ts'
import type { Counting, ReportQuery } from '../model/report-query.ts'
import { keyOfSend } from '../model/send-evidence.ts'
import type { Sums } from '../model/sums.ts'
import type { ReportRow } from '../store/reports.ts'
import { conversionRows } from './conversions.ts'
import { figuresOf, previewOf } from './figures.ts'
import type { JudgedEvidence } from './judge-evidence.ts'
import { peopleOf } from './people.ts'
import type { Sent } from './read-evidence.ts'

/** The report from the row that one statement has read; `judged` is there if the query needs it. */
export function buildReport(row: ReportRow, query: ReportQuery, judged: JudgedEvidence | undefined): Report {
  const { include, counting } = query
  const assessment = include.has('statistics') ? judged?.assessment : undefined
  const shares = (dimension: string): Share[] =>
    row.breakdown
      .filter((share) => share.dimension === dimension)
      .map(({ value, clicks, human_clicks }) => ({ value, clicks, human_clicks }))
  const sends = include.has('sends') && judged ? sendsOf(judged.sends, row, query) : undefined
  return {
    summary: {
      ...summaryOf(row.summary, row.first_day, query.end, query.start === undefined),
      people: peopleOf(row.people, query, row.summary.human_clicks),
    },
    ...(query.start !== undefined &&
      row.previous && {
        previous: {
          ...previousOf(row.previous, query.start, query.end),
          people: peopleOf(row.people_before, query, row.previous.human_clicks),
        },
      }),
    ...(row.newsletters.length > 1 && {
      newsletters: row.newsletters.map((name) => (name === '' ? null : name)),
    }),
    offers: rankBy(
      counting,
      row.offers.map((offer) => ({
        ...offerRow(offer, row, counting, assessment),
        people: peopleOf(row.people, { ...query, offer_id: offer.offer_id }, offer.human_clicks),
      })),
    ),
    ...(include.has('variations') && {
      variations: rankBy(
        counting,
        row.variations.map((text) => ({
          ...variationRow(text, assessment),
          people: peopleOf(row.people, text, text.human_clicks),
        })),
      ),
    }),
    ...(include.has('timeline') && {
      timeline: row.timeline.map(timelineRow),
    }),
    ...(include.has('sparklines') && {
      sparklines: row.sparklines.map(([day, variation_id, impressions, clicks, human_clicks]) => ({
        date: dateOf(day),
        variation_id,
        impressions,
        clicks,
        human_clicks,
      })),
    }),
    ...(include.has('heatmap') && { heatmap: row.heatmap }),
    ...(include.has('devices') && { devices: byTrait(shares) }),
    ...(include.has('referrers') && {
      referrers: shares('referrer'),
      referrer_classes: byReferrerClass(shares('referrer')),
    }),
    ...(include.has('reasons') && { reasons: reasonsOf(row) }),
    ...(sends && { sends: sends.map((send) => send.row) }),
    ...((include.has('statistics') || include.has('sends')) &&
      judged && {
        doubts: doubtsOf(judged, query),
        ...(judged.usual_send && { usual_send: judged.usual_send }),
      }),
    ...(include.has('attributes') && judged && { attributes: judged.assessment.attributes }),
    ...(row.conversions && { conversions: conversionRows(row, row.conversions, query, sends) }),
    settled_until: row.settled_until,
    all_settled: row.all_settled,
    ...(row.people_since !== null && row.people_since > row.first_day && { people_since: row.people_since }),
  }
}

const dateOf = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10)

const timelineRow = ([
  day,
  impressions,
  clicks,
  human_clicks,
  machine_clicks,
  duplicate_clicks,
  uncertain_clicks,
  unique_clicks,
]: ReportRow['timeline'][number]): TimelineRow => ({
  date: dateOf(day),
  ...figuresOf({
    impressions,
    clicks,
    human_clicks,
    machine_clicks,
    duplicate_clicks,
    uncertain_clicks,
    unique_clicks,
  }),
})

/** A reason that led to several verdicts, which earlier rules may have caused, has a row for each. */
const reasonsOf = ({ breakdown }: ReportRow): ReasonShare[] =>
  breakdown
    .filter(({ dimension }) => dimension === 'reason')
    .flatMap(({ value, clicks, human_clicks, machine_clicks }): ReasonShare[] => [
      { value, verdict: 'human', clicks: human_clicks, human_clicks },
      { value, verdict: 'machine', clicks: machine_clicks, human_clicks: 0 },
      { value, verdict: 'duplicate', clicks: clicks - human_clicks - machine_clicks, human_clicks: 0 },
    ])
    .filter(({ clicks }) => clicks > 0)

function summaryOf(sums: Sums, start: string, end: string, all: boolean): Omit<Summary, 'people'> {
  const { impressions, clicks, ctr, ...figures } = figuresOf(sums)
  return {
    total_impressions: impressions,
    total_clicks: clicks,
    overall_ctr: ctr,
    ...figures,
    date_range: { start, end, days: all ? 'all' : daysBetween(start, end) },
  }
}

function previousOf(sums: Sums, start: string, end: string): Omit<Summary, 'people'> {
  const length = daysBetween(start, end)
  return summaryOf(sums, daysBefore(start, length + 1), daysBefore(start, 1), false)
}

function offerRow(
  offer: ReportRow['offers'][number],
  { variations }: ReportRow,
  counting: Counting,
  assessment: Assessment | undefined,
): Omit<OfferRow, 'people'> {
  const own = variations.filter(({ offer_id }) => offer_id === offer.offer_id)
  const [best] = rankBy(
    counting,
    own.map((sums) => ({ variation_id: sums.variation_id, ...figuresOf(sums) })),
  )
  const statistics = assessment?.offers.get(offer.offer_id)
  return {
    offer_id: offer.offer_id,
    offer_name: offer.offer_name,
    offer_type: offer.offer_type,
    active: offer.active,
    best_variation_id: best && best.ctr !== null ? best.variation_id : null,
    ...figuresOf(offer),
    ...(statistics && { statistics }),
  }
}

function variationRow(
  variation: ReportRow['variations'][number],
  assessment: Assessment | undefined,
): Omit<VariationRow, 'people'> {
  const statistics = assessment?.variations.get(variation.variation_id)
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

/** The sends of the offer, text, newsletter and hours that the report is about, newest first. */
const sendsOf = (sends: readonly Sent[], { begins, ends }: ReportRow, query: ReportQuery): Sent[] =>
  sends.filter(({ row, hour }) => hour >= (begins ?? hour) && hour < ends && isAbout(query, row)).toReversed()

/** The doubts about the same offer, text and newsletter, whatever the hours, since all sends count as evidence. */
function doubtsOf({ sends, assessment }: JudgedEvidence, query: ReportQuery): Doubt[] {
  const wanted = new Set(sends.filter(({ row }) => isAbout(query, row)).map(({ row }) => keyOfSend(row)))
  return assessment.doubts.filter((doubt) => wanted.has(keyOfSend(doubt)))
}

const isAbout = (query: ReportQuery, row: SendRow): boolean =>
  row.offer_id === (query.offer_id ?? row.offer_id) &&
  row.variation_id === (query.variation_id ?? row.variation_id) &&
  (row.newsletter ?? '') === (query.newsletter ?? row.newsletter ?? '')

type RankedFigures = Figures & ({ variation_id: number } | { offer_id: number })

/** Best CTR first, then more impressions; those without impressions last. */
function rankBy<Row extends RankedFigures>(counting: Counting, rows: readonly Row[]): Row[] {
  const ctr = (row: Row) => (counting === 'human' ? row.human_ctr : row.ctr) ?? -1
  const id = (row: RankedFigures) => ('variation_id' in row ? row.variation_id : row.offer_id)
  return rows.toSorted((a, b) => ctr(b) - ctr(a) || b.impressions - a.impressions || id(a) - id(b))
}
