import type {
  AttributeRow,
  Figures,
  OfferRow,
  SendRow,
  Statistics,
  Summary,
  VariationRow,
} from '../../src/lib/model/report.ts'
import type { LabelCode } from '../../src/lib/stats/label.ts'

const figures: Figures = {
  impressions: 1_000,
  clicks: 40,
  ctr: 4,
  human_clicks: 30,
  human_ctr: 3,
  machine_clicks: 8,
  duplicate_clicks: 2,
  uncertain_clicks: 0,
  unique_clicks: 28,
}

const { impressions, clicks, ctr, ...others } = figures

export const aSummary = (changes: Partial<Summary> = {}): Summary => ({
  total_impressions: impressions,
  total_clicks: clicks,
  overall_ctr: ctr,
  ...others,
  people: 25,
  date_range: { start: '2025-09-18', end: '2025-10-18', days: 30 },
  ...changes,
})

export const anOffer = (changes: Partial<OfferRow> = {}): OfferRow => ({
  offer_id: 4,
  offer_name: 'No Code MBA - Learn to build',
  offer_type: 'affiliate',
  active: true,
  best_variation_id: 1,
  people: 25,
  ...figures,
  statistics: { smoothed_ctr: 3, interval: [2.5, 3.5], sends: 9, complete_sends: 9 },
  ...changes,
})

type TextChanges = { variation_id: number; code?: LabelCode } & Partial<Statistics>

/** A text of offer 4 that was sent. */
export const aText = ({ variation_id, code = 'leading', ...statistics }: TextChanges): VariationRow => ({
  variation_id,
  offer_id: 4,
  text_preview: `Text ${variation_id}`,
  text_content: `Text ${variation_id}, all of it`,
  cta_text: 'Start',
  tone: 'friendly',
  length_category: 'short',
  approved: true,
  people: 25,
  ...figures,
  statistics: {
    sends: 5,
    complete_sends: 5,
    recipients: 5_000,
    clickers: 150,
    crowded_clickers: 0,
    smoothed_ctr: 3,
    interval: [2.5, 3.5],
    probability_best: 0.88,
    expected_loss: 0.1,
    label: { code, text: code },
    ...statistics,
  },
})

export const anAttribute = (changes: Partial<AttributeRow> = {}): AttributeRow => ({
  value: 'friendly',
  variations: 3,
  lift: 1,
  interval: [0.8, 1.25],
  sends: 9,
  recipients: 9_000,
  clickers: 270,
  smoothed_ctr: 3,
  ...changes,
})

export const aSend = (changes: Partial<SendRow> = {}): SendRow => ({
  newsletter_send_id: '2025-10-18-daily',
  newsletter: null,
  offer_id: 4,
  offer_name: 'No Code MBA',
  variation_id: 42,
  text_preview: 'Text 42',
  sent_at: '2025-10-18T07:00:00Z',
  recipients: 1_000,
  clicks: 40,
  human_clicks: 30,
  clickers: 28,
  ctr: 4,
  human_ctr: 3,
  by_hours: [],
  ...changes,
})
