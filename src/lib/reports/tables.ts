import { clickTraits } from '../model/click-traits.ts'
import type { ConversionRow } from '../model/conversion.ts'
import type { AttributeRow, Figures, Report, Share } from '../model/report.ts'
import type { Table } from '../model/report-query.ts'
import { keyOfSend, type SendOfText } from '../model/send-evidence.ts'
import { csv } from './csv.ts'

const figures = [
  ['impressions', (row: Figures) => row.impressions],
  ['clicks', (row: Figures) => row.clicks],
  ['ctr', (row: Figures) => row.ctr],
  ['human_clicks', (row: Figures) => row.human_clicks],
  ['human_ctr', (row: Figures) => row.human_ctr],
  ['machine_clicks', (row: Figures) => row.machine_clicks],
  ['duplicate_clicks', (row: Figures) => row.duplicate_clicks],
  ['uncertain_clicks', (row: Figures) => row.uncertain_clicks],
  ['unique_clicks', (row: Figures) => row.unique_clicks],
] as const

/** One table of a report as a CSV file; `undefined` is that of the offers. */
export function tableOf(report: Report, table: Table | undefined): string {
  switch (table) {
    case undefined:
      return csv(report.offers, [
        ['offer_id', (row) => row.offer_id],
        ['offer_name', (row) => row.offer_name],
        ['offer_type', (row) => row.offer_type],
        ['best_variation_id', (row) => row.best_variation_id],
        ...figures,
        ['people', (row) => row.people],
        ['smoothed_ctr', (row) => row.statistics?.smoothed_ctr],
        ['interval_low', (row) => row.statistics?.interval[0]],
        ['interval_high', (row) => row.statistics?.interval[1]],
      ])
    case 'variations':
      return csv(report.variations ?? [], [
        ['variation_id', (row) => row.variation_id],
        ['offer_id', (row) => row.offer_id],
        ['text_content', (row) => row.text_content],
        ['cta_text', (row) => row.cta_text],
        ['tone', (row) => row.tone],
        ['length_category', (row) => row.length_category],
        ...figures,
        ['people', (row) => row.people],
        ['sends', (row) => row.statistics?.sends],
        ['recipients', (row) => row.statistics?.recipients],
        ['clickers', (row) => row.statistics?.clickers],
        ['smoothed_ctr', (row) => row.statistics?.smoothed_ctr],
        ['interval_low', (row) => row.statistics?.interval[0]],
        ['interval_high', (row) => row.statistics?.interval[1]],
        ['probability_best', (row) => row.statistics?.probability_best],
        ['expected_loss', (row) => row.statistics?.expected_loss],
        ['label', (row) => row.statistics?.label.text],
        [
          'doubted_sends',
          (row) => report.doubts?.filter(({ variation_id }) => variation_id === row.variation_id).length,
        ],
      ])
    case 'timeline':
      return csv(report.timeline ?? [], [['date', (row) => row.date], ...figures])
    case 'sparklines':
      return csv(report.sparklines ?? [], [
        ['date', (row) => row.date],
        ['variation_id', (row) => row.variation_id],
        ['impressions', (row) => row.impressions],
        ['clicks', (row) => row.clicks],
        ['human_clicks', (row) => row.human_clicks],
      ])
    case 'conversions':
      return csv(report.conversions ?? [], conversionColumns)
    case 'heatmap':
      return csv(report.heatmap ?? [], [
        ['weekday', (row) => row.weekday],
        ['hour', (row) => row.hour],
        ['clicks', (row) => row.clicks],
        ['human_clicks', (row) => row.human_clicks],
      ])
    case 'devices':
      return shares(clickTraits.flatMap((trait) => named(trait, report.devices?.[trait])))
    case 'referrers':
      return shares(named('referrer', report.referrers))
    case 'reasons':
      return csv(report.reasons ?? [], [
        ['dimension', () => 'reason'],
        ['value', (row) => row.value],
        ['verdict', (row) => row.verdict],
        ['clicks', (row) => row.clicks],
        ['human_clicks', (row) => row.human_clicks],
      ])
    case 'sends':
      return csv(report.sends ?? [], [
        ['newsletter_send_id', (row) => row.newsletter_send_id],
        ['sent_at', (row) => row.sent_at],
        ['offer_id', (row) => row.offer_id],
        ['offer_name', (row) => row.offer_name],
        ['variation_id', (row) => row.variation_id],
        ['text_preview', (row) => row.text_preview],
        ['recipients', (row) => row.recipients],
        ['clicks', (row) => row.clicks],
        ['ctr', (row) => row.ctr],
        ['human_clicks', (row) => row.human_clicks],
        ['human_ctr', (row) => row.human_ctr],
        ['clickers', (row) => row.clickers],
        ['newsletter', (row) => row.newsletter],
        ['doubt', doubtOf(report)],
        ...spanColumns(report),
      ])
    case 'attributes':
      return attributes([
        ...kind('tone', report.attributes?.tone),
        ...kind('length_category', report.attributes?.length_category),
        ...kind('cta_text', report.attributes?.cta_text),
      ])
  }
}

const conversionColumns = [
  ['of', (row: ConversionRow) => row.of],
  ['offer_id', (row: ConversionRow) => row.offer_id],
  ['variation_id', (row: ConversionRow) => row.variation_id],
  ['newsletter_send_id', (row: ConversionRow) => row.newsletter_send_id],
  ['newsletter', (row: ConversionRow) => row.newsletter],
  ['currency', (row: ConversionRow) => row.currency],
  ['conversions', (row: ConversionRow) => row.conversions],
  ['pending', (row: ConversionRow) => row.pending],
  ['rejected', (row: ConversionRow) => row.rejected],
  ['conversion_rate', (row: ConversionRow) => row.conversion_rate],
  ['conversion_rate_low', (row: ConversionRow) => row.conversion_rate_interval?.[0]],
  ['conversion_rate_high', (row: ConversionRow) => row.conversion_rate_interval?.[1]],
  ['revenue', (row: ConversionRow) => row.revenue],
  ['pending_revenue', (row: ConversionRow) => row.pending_revenue],
  ['epc', (row: ConversionRow) => row.epc],
  ['epc_low', (row: ConversionRow) => row.epc_interval?.[0]],
  ['epc_high', (row: ConversionRow) => row.epc_interval?.[1]],
  ['rpm', (row: ConversionRow) => row.rpm],
  ['rpm_low', (row: ConversionRow) => row.rpm_interval?.[0]],
  ['rpm_high', (row: ConversionRow) => row.rpm_interval?.[1]],
] as const

/** Why a send does not count as it was reported. */
function doubtOf({ doubts = [] }: Report): (send: SendOfText) => string | undefined {
  const reasons = new Map(doubts.map((doubt) => [keyOfSend(doubt), doubt.reason]))
  return (send) => reasons.get(keyOfSend(send))
}

type SendRows = NonNullable<Report['sends']>

/** All clicks by hours since the send, then those by people. */
const spanColumns = ({ sends }: Report) => {
  const spans = sends?.[0]?.by_hours ?? []
  const columns = (kind: 'clicks' | 'human_clicks') =>
    spans.map(
      ({ hours }, index) =>
        [`${kind}_from_hour_${hours}`, (row: SendRows[number]) => row.by_hours[index]?.[kind]] as const,
    )
  return [...columns('clicks'), ...columns('human_clicks')]
}

const named = (dimension: string, rows: Share[] | undefined) =>
  (rows ?? []).map((row) => ({ dimension, ...row }))

const shares = (rows: ReturnType<typeof named>): string =>
  csv(rows, [
    ['dimension', (row) => row.dimension],
    ['value', (row) => row.value],
    ['clicks', (row) => row.clicks],
    ['human_clicks', (row) => row.human_clicks],
  ])

const kind = (attribute: string, rows: AttributeRow[] | undefined) =>
  (rows ?? []).map((row) => ({ attribute, ...row }))

const attributes = (rows: ReturnType<typeof kind>): string =>
  csv(rows, [
    ['attribute', (row) => row.attribute],
    ['value', (row) => row.value],
    ['variations', (row) => row.variations],
    ['lift', (row) => row.lift],
    ['lift_low', (row) => row.interval?.[0] ?? null],
    ['lift_high', (row) => row.interval?.[1] ?? null],
    ['sends', (row) => row.sends],
    ['recipients', (row) => row.recipients],
    ['clickers', (row) => row.clickers],
    ['smoothed_ctr', (row) => row.smoothed_ctr],
  ])
