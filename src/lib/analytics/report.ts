import type { Verdict } from '../classify/verdict.ts'
import type { Label } from '../stats/label.ts'

/** What was counted of something: the specification's figures, then what they are made of. */
export type Figures = {
  /** Recipients that it was shown to. */
  impressions: number
  /** Every recorded click. */
  clicks: number
  /** Per cent, two decimals; `null` where there were no impressions. */
  ctr: number | null
  human_clicks: number
  human_ctr: number | null
  machine_clicks: number
  duplicate_clicks: number
  /** Human clicks with a weak sign of a machine. */
  uncertain_clicks: number
  /** Visitors, each once a variation and month. */
  unique_clicks: number
}

/** Calendar days of the report's time zone, both included: `YYYY-MM-DD`. */
export type DateRange = { start: string; end: string; days: number | 'all' }

export type Summary = {
  total_impressions: number
  total_clicks: number
  overall_ctr: number | null
  date_range: DateRange
  /** Different visitors by UTC days, each once a calendar month. */
  people: number
} & Omit<Figures, 'impressions' | 'clicks' | 'ctr'>

/** What all sends so far say of a variation, compared with the others of its offer. Rates are per cent. */
export type Statistics = {
  /** Sends, their recipients and their visitors so far. */
  sends: number
  recipients: number
  clickers: number
  smoothed_ctr: number
  /** 95 % credible interval. */
  interval: [low: number, high: number]
  /** Within the offer, 0 to 1. */
  probability_best: number
  /** Percentage points of CTR that are lost on average if this one is chosen now. */
  expected_loss: number
  label: Label
}

/** What all sends so far say of an offer's own rate, in per cent. */
export type OfferStatistics = Pick<Statistics, 'smoothed_ctr' | 'interval'> & {
  /** Sends older than 72 hours, of which next to all clicks have come. */
  complete_sends: number
}

export type OfferRow = {
  offer_id: number
  offer_name: string
  offer_type: string
  active: boolean
  best_variation_id: number | null
  people: number
} & Figures & {
    /** Where asked for and the offer was ever sent. */
    statistics?: OfferStatistics
  }

export type VariationRow = {
  variation_id: number
  offer_id: number
  text_preview: string
  text_content: string
  cta_text: string | null
  tone: string | null
  length_category: string | null
  approved: boolean
  people: number
} & Figures & {
    /** Where asked for and the variation was ever sent or may be. */
    statistics?: Statistics
  }

export type TimelineRow = { date: string } & Figures

/** A day of one variation, for its sparkline. */
export type VariationDay = {
  date: string
  variation_id: number
  impressions: number
  clicks: number
  human_clicks: number
}

/** Monday is 1. Clicks by weekday and hour of the report's time zone. */
export type HeatmapCell = { weekday: number; hour: number; clicks: number; human_clicks: number }

export type Share = { value: string; clicks: number; human_clicks: number }

/** Clicks by the rule that judged them, and the verdict that it led to. */
export type ReasonShare = Share & { verdict: Verdict }

export type SendRow = {
  /** `null` where the newsletter named none. */
  newsletter_send_id: string | null
  /** Which list it went to; `null` for the one without a name. */
  newsletter: string | null
  offer_id: number
  offer_name: string
  variation_id: number
  text_preview: string
  /** ISO 8601, UTC. */
  sent_at: string
  recipients: number
  clicks: number
  human_clicks: number
  clickers: number
  ctr: number | null
  human_ctr: number | null
  /** Clicks by hours since the send; `hours` is where a span begins, and all spans are listed. */
  by_hours: { hours: number; clicks: number; human_clicks: number }[]
}

/** A send whose rate is far from that of its neighbours, so that it hardly counts in the statistics. */
export type Doubt = {
  newsletter_send_id: string
  variation_id: number
  /** ISO 8601, UTC. */
  sent_at: string
  /** Its rate, as a multiple of what was to be expected. */
  factor: number
  /** As they were reported, and as they usually are. */
  recipients: number
  usual_recipients: number
  clickers: number
}

/** One tone, length or call to action over all offers. */
export type AttributeRow = {
  value: string
  variations: number
  /**
   * How much better or worse its texts did than the average text of their offers, the other attributes being equal, as a
   * factor with its interval; `null` where nothing is said, since there are under 5 such texts or too few in all.
   */
  lift: number | null
  interval: [low: number, high: number] | null
  sends: number
  recipients: number
  clickers: number
  smoothed_ctr: number
}

export type Report = {
  summary: Summary
  /** The same for as many days before, where the range has a beginning. */
  previous?: Summary
  /** All that anything was sent to, where there are several; `null` for the one without a name. */
  newsletters?: (string | null)[]
  offers: OfferRow[]
  variations?: VariationRow[]
  timeline?: TimelineRow[]
  /** Only for the pages. */
  sparklines?: VariationDay[]
  heatmap?: HeatmapCell[]
  devices?: { device: Share[]; browser: Share[]; os: Share[] }
  referrers?: Share[]
  /** The same by class: `webmail`, `search`, `social`, `other`, `none`. */
  referrer_classes?: Share[]
  reasons?: ReasonShare[]
  sends?: SendRow[]
  /** Sends that hardly count in the statistics, newest first; where statistics or sends are asked for. */
  doubts?: Doubt[]
  attributes?: { tone: AttributeRow[]; length_category: AttributeRow[]; cta_text: AttributeRow[] }
  /**
   * Clicks that were recorded up to then have their final verdict, and visitors, sends and breakdowns hold them; the
   * verdicts of later ones are provisional. ISO 8601, UTC; `null` before the first.
   */
  settled_until: string | null
  /** The first UTC day that `people` covers, where the range begins before it. */
  people_since?: string
}
