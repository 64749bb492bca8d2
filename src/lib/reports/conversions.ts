import type { ConversionRow } from '../model/conversion.ts'
import type { ReportQuery } from '../model/report-query.ts'
import { type Earned, rateInterval, revenueInterval } from '../stats/revenue.ts'
import type { ConversionSums, SendConversions } from '../store/report-conversions.ts'
import type { ReportRow } from '../store/reports.ts'
import { rate } from './figures.ts'
import type { Sent } from './read-evidence.ts'

/** The denominators of conversion rates. */
type Base = { impressions: number; human_clicks: number }

/**
 * Rows of conversions: of everything, by newsletter, offer, text and send, and of those without a text. Rates are there
 * if the report has the clicks and recipients of the same range.
 */
export function conversionRows(
  row: ReportRow,
  all: readonly ConversionSums[],
  query: ReportQuery,
  sends: readonly Sent[] = [],
): ConversionRow[] {
  const offers = new Map(row.offers.map((offer) => [offer.offer_id, offer]))
  const texts = new Map(row.variations.map((text) => [text.variation_id, text]))
  const baseOf = ({ of, offer_id, variation_id }: ConversionSums): Base | undefined => {
    if (of === 'all') return row.summary
    if (of === 'newsletter') return query.newsletter === undefined ? undefined : row.summary
    if (of === 'offer') return offers.get(Number(offer_id))
    return of === 'text' ? texts.get(Number(variation_id)) : undefined
  }
  const earnedIn = new Map(
    all.filter(({ of }) => of === 'all').map((sums) => [sums.currency, earnedBy(sums)]),
  )
  const order = ['all', 'newsletter', 'offer', 'text', 'unattributed']
  return [
    ...all
      .filter(({ of }) => query.conversions_of?.includes(of) !== false)
      .map((sums) => ({
        of: sums.of,
        ...(sums.offer_id !== null && { offer_id: sums.offer_id }),
        ...(sums.variation_id !== null && { variation_id: sums.variation_id }),
        ...(sums.newsletter !== null && { newsletter: sums.newsletter }),
        ...figuresOf(sums, baseOf(sums)),
        ...intervalsOf(sums, baseOf(sums), earnedIn.get(sums.currency) ?? earnedBy(sums)),
      }))
      .toSorted(
        (one, other) =>
          order.indexOf(one.of) - order.indexOf(other.of) ||
          Number(one.currency > other.currency) - Number(one.currency < other.currency) ||
          Number(other.revenue) - Number(one.revenue),
      ),
    ...ofSends(row.send_conversions, sends),
  ]
}

/** In the order of sends; one send has too little data for intervals. */
function ofSends(all: readonly SendConversions[], sends: readonly Sent[]): ConversionRow[] {
  const known = Map.groupBy(all, ([id]) => id)
  return sends.flatMap(
    ({ id, row, evidence: { newsletter_send_id, newsletter, offer_id, variation_id } }) => {
      const base = { impressions: row.recipients, human_clicks: row.human_clicks }
      return (known.get(id) ?? []).map(
        ([, currency, conversions, pending, rejected, revenue, pending_revenue]): ConversionRow => ({
          of: 'send',
          offer_id,
          variation_id,
          newsletter_send_id,
          newsletter,
          ...figuresOf({ currency, conversions, pending, rejected, revenue, pending_revenue }, base),
        }),
      )
    },
  )
}

/** Four digits are enough for so few conversions. */
const short = (value: number): number => Number(value.toPrecision(4))
const pair = (low: number, high: number): [number, number] => [short(low), short(high)]

type ConversionCounts = Omit<ConversionSums, 'of' | 'offer_id' | 'variation_id' | 'newsletter' | 'squares'>

function figuresOf(sums: ConversionCounts, base: Base | undefined) {
  const { currency, conversions, pending, rejected, revenue, pending_revenue } = sums
  const per = (many: number | undefined): number | null =>
    many === undefined || many <= 0 ? null : short(Number(revenue) / many)
  return {
    currency,
    conversions,
    pending,
    rejected,
    conversion_rate: base ? rate(conversions, base.human_clicks) : null,
    revenue,
    pending_revenue,
    epc: per(base?.human_clicks),
    rpm: per(base && base.impressions / 1_000),
  }
}

const earnedBy = ({ revenue, squares }: ConversionSums): Earned => ({ revenue: Number(revenue), squares })

function intervalsOf(sums: ConversionSums, base: Base | undefined, among: Earned) {
  if (!base) return { conversion_rate_interval: null, epc_interval: null, rpm_interval: null }
  const ofRate = rateInterval(sums.conversions, base.human_clicks)
  const earned = revenueInterval(earnedBy(sums), among)
  const per = (many: number): [number, number] | null =>
    earned && many > 0 ? pair(earned[0] / many, earned[1] / many) : null
  return {
    conversion_rate_interval: ofRate ? pair(100 * ofRate[0], 100 * ofRate[1]) : null,
    epc_interval: per(base.human_clicks),
    rpm_interval: per(base.impressions / 1_000),
  }
}
