/** Sums of the rollups, as they come from the database. */
export type Sums = {
  impressions: number
  clicks: number
  human_clicks: number
  machine_clicks: number
  duplicate_clicks: number
  uncertain_clicks: number
  unique_clicks: number
}

export type OfferSums = Sums & { offer_id: number; offer_name: string; offer_type: string; active: boolean }

export type VariationSums = Sums & {
  variation_id: number
  offer_id: number
  text_content: string
  cta_text: string | null
  tone: string | null
  length_category: string | null
  approved: boolean
}

/** A send of a variation and its visitors so far. */
export type SendEvidence = {
  offer_id: number
  variation_id: number
  newsletter_send_id: string
  /** Which list it went to; empty for the one without a name. */
  newsletter: string
  /** Milliseconds since 1970. */
  sent_at: number
  recipients: number
  clickers: number
  /** Those by each of `marks`, see `stats/arrival.ts`. */
  clickers_by: readonly number[]
  /** What of it came from crowded addresses; null for nothing. */
  crowd?: Crowd | null
  /** Weak signs of machines on it; null for none. */
  signs?: Signs | null
}

/** What the statistics are made of, over all offers and all time, whatever the report is about. */
export type SendsAndTexts = {
  sends: SendEvidence[]
  variations: Pick<
    VariationSums,
    'variation_id' | 'offer_id' | 'tone' | 'length_category' | 'cta_text' | 'approved'
  >[]
}

/** A text that was sent, and its sends; `sent_at` is in milliseconds since 1970. */
export type SentText = SendsAndTexts['variations'][number] & {
  offer_name: string
  text_content: string
  sends: [id: number, newsletter_send_id: string, sent_at: number, recipients: number, newsletter: string][]
}

/** The clicks of a send in the hours after it; `hours` is where the span begins. */
export type SendSpan = [
  id: number,
  hours: number,
  clicks: number,
  human_clicks: number,
  clickers: number,
  crowd_clickers: number,
]

/** The clicks of a send at crowded addresses, see `Crowd`. */
export type CrowdOfSend = [
  id: number,
  addresses: number,
  visits: number,
  largest: number,
  human_clicks: number,
]

/** Weak signs on a send, see `Signs`. */
export type SignsOfSend = [id: number, uncertain: number, doubtful: number]

/**
 * People of everything (no offer), of an offer (no text) or of a text. `visits` counts each once a text and
 * day; `unkept` are the visits of those of whom nothing is kept.
 */
export type PeopleRow = [
  offer_id: number | null,
  variation_id: number | null,
  people: number,
  visits: number,
  unkept: number,
]

/** Conversions of one thing in one currency; amounts are exact, `squares` is the sum of the squared ones. */
export type ConversionSums = {
  of: 'all' | 'newsletter' | 'offer' | 'text' | 'unattributed'
  offer_id: number | null
  variation_id: number | null
  newsletter: string | null
  currency: string
  conversions: number
  pending: number
  rejected: number
  revenue: string
  pending_revenue: string
  squares: number
}

export type SendConversions = [
  newsletter_send_id: string,
  variation_id: number,
  newsletter: string,
  currency: string,
  conversions: number,
  pending: number,
  rejected: number,
  revenue: string,
  pending_revenue: string,
]

export type ReportRow = {
  first_day: string
  summary: Sums
  previous: Sums | null
  offers: OfferSums[]
  variations: VariationSums[]
  /**
   * All sends of all offers, `{ texts: SentText[], spans: SendSpan[], crowds: CrowdOfSend[], signs: SignsOfSend[] }` as
   * JSON: a caller that has read and judged the same before need not do so again. `null` where the report does not need
   * them.
   */
  evidence: string | null
  /** Days are counted from 1970-01-01. */
  timeline: [
    day: number,
    impressions: number,
    clicks: number,
    human_clicks: number,
    machine_clicks: number,
    duplicate_clicks: number,
    uncertain_clicks: number,
    unique_clicks: number,
  ][]
  sparklines: [day: number, variation_id: number, impressions: number, clicks: number, human_clicks: number][]
  heatmap: { weekday: number; hour: number; clicks: number; human_clicks: number }[]
  /** Clicks that are neither human ones nor machines' are duplicates. */
  breakdown: {
    dimension: string
    value: string
    clicks: number
    human_clicks: number
    machine_clicks: number
  }[]
  /** Null where the report does not ask for them, and as long as there has never been one. */
  conversions: { sums: ConversionSums[]; sends: SendConversions[] } | null
  /** All lists that anything was sent to; empty for the one without a name. */
  newsletters: string[]
  /** People of the range and of the one before. */
  people: PeopleRow[]
  people_before: PeopleRow[]
  /** The first day that people are known of. */
  people_since: string | null
  /** The range's hours begin at or after the one and before the other; milliseconds since 1970. */
  begins: number | null
  ends: number
  settled_until: string | null
}

/**
 * The clicks of a send at crowded addresses: those of companies, carriers, relays, where people cannot be told apart.
 */
export type Crowd = {
  /** How many such addresses there are, how often they were visited, and how often the one that was visited most. */
  addresses: number
  visits: number
  largest: number
  /** Human clicks at all other addresses. */
  other_clicks: number
  /** Those of its clickers who are at these addresses, and the same by each of `marks`. */
  clickers: number
  clickers_by: readonly number[]
}

/** Weak signs of machines on a send. */
export type Signs = {
  /** Its clickers with one weak sign: probably people. */
  uncertain: number
  /** Clicks that two weak signs have made a machine's: hardly people's, and no clickers. */
  doubtful: number
}
