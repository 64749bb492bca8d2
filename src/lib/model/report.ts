import * as v from 'valibot'
import { clickTraits } from './click-traits.ts'
import { conversionRowSchema } from './conversion.ts'
import { doubtsSchema } from './doubt.ts'
import { count, described, id, rate } from './report-fields.ts'
import { usualSendSchema } from './usual-send.ts'

const text = v.nullable(v.string())
const moment = v.pipe(v.string(), v.isoTimestamp())
const day = v.pipe(v.string(), v.isoDate())
const interval = described(v.tuple([v.number(), v.number()]), '95 % credible interval, low and high.')

/** What was counted of something: the specification's figures, then what they are made of. */
const figures = {
  impressions: described(count, 'How many recipients got it.'),
  clicks: described(count, 'Every recorded click.'),
  ctr: described(rate, 'Per cent, two decimals; null if there were no impressions.'),
  human_clicks: described(count, 'Clicks by people.'),
  human_ctr: described(rate, 'Like `ctr`, for clicks by people.'),
  machine_clicks: described(count, 'Clicks by machines.'),
  duplicate_clicks: described(count, 'Repeats of a visitor within seconds.'),
  uncertain_clicks: described(count, 'Human clicks with a weak sign of a machine.'),
  unique_clicks: described(count, 'Different visitors, each counted once per variation and month.'),
}
const people = described(count, 'Different visitors by UTC days, each counted once a calendar month.')

const { impressions, clicks, ctr, ...otherFigures } = figures

const dateRangeSchema = v.object({ start: day, end: day, days: v.union([count, v.literal('all')]) })

export const summarySchema = v.object({
  total_impressions: impressions,
  total_clicks: clicks,
  overall_ctr: ctr,
  ...otherFigures,
  people,
  date_range: described(
    dateRangeSchema,
    "Calendar days of the report's time zone, both included; `days` is the difference.",
  ),
})

const recipients = described(count, 'How many people got it.')
const clickers = described(count, 'Recipients who clicked, each counted once a send.')
const smoothed_ctr = described(v.number(), 'The estimated rate, in per cent.')

const complete_sends = described(count, 'Sends older than 72 hours, which have nearly all of their clicks.')

export const statisticsSchema = v.object({
  sends: described(count, 'Sends so far.'),
  complete_sends,
  recipients,
  clickers,
  crowded_clickers: described(
    count,
    'Those of them at addresses that many share; how many people they are is estimated from all sends.',
  ),
  smoothed_ctr,
  interval,
  probability_best: described(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 'Within the offer.'),
  expected_loss: described(v.number(), 'Percentage points of CTR lost on average if it is chosen now.'),
  label: v.object({
    code: v.picklist([
      'not_enough_data',
      'too_close',
      'leading',
      'probably_best',
      'confirmed_winner',
      'behind',
      'retired',
    ]),
    text: described(v.string(), 'The same in words.'),
  }),
})

export const offerStatisticsSchema = v.object({
  sends: described(count, 'Sends so far of its texts in use; one in segments counts once.'),
  smoothed_ctr,
  interval,
  complete_sends: described(count, 'Those of them older than 72 hours.'),
})

export const offerRowSchema = v.object({
  offer_id: id,
  offer_name: v.string(),
  offer_type: v.string(),
  active: v.boolean(),
  best_variation_id: described(
    v.nullable(id),
    'The text with the highest raw rate in the range: `ctr`, or `human_ctr` with `clicks=human`. It may be chance: ' +
      'decide by the labels of texts.',
  ),
  people,
  ...figures,
  statistics: v.exactOptional(offerStatisticsSchema),
})

export const variationRowSchema = v.object({
  variation_id: id,
  offer_id: id,
  text_preview: described(v.string(), 'The first fifty characters or so.'),
  text_content: v.string(),
  cta_text: text,
  tone: text,
  length_category: text,
  approved: v.boolean(),
  people,
  ...figures,
  statistics: v.exactOptional(statisticsSchema),
})

export const timelineRowSchema = v.object({ date: day, ...figures })

export const variationDaySchema = v.object({
  date: day,
  variation_id: id,
  impressions: count,
  clicks: count,
  human_clicks: count,
})

export const heatmapCellSchema = v.object({
  weekday: described(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(7)), 'Monday is 1.'),
  hour: described(
    v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(23)),
    "In the report's time zone.",
  ),
  clicks: count,
  human_clicks: count,
})

export const shareSchema = v.object({ value: v.string(), clicks: count, human_clicks: count })

export const reasonShareSchema = v.object({
  ...shareSchema.entries,
  verdict: described(v.picklist(['human', 'machine', 'duplicate']), 'What the reason led to.'),
})

export const sendRowSchema = v.object({
  newsletter_send_id: described(text, 'null if the newsletter gave none.'),
  newsletter: described(text, 'Which list it went to; null for the list without a name.'),
  offer_id: id,
  offer_name: v.string(),
  variation_id: id,
  text_preview: v.string(),
  sent_at: moment,
  recipients,
  clicks: count,
  human_clicks: count,
  clickers,
  ctr,
  human_ctr: rate,
  by_hours: described(
    v.array(v.object({ hours: v.number(), clicks: count, human_clicks: count })),
    'Clicks by hours since the send; `hours` is where a span begins, and every span is listed.',
  ),
})

export const attributeRowSchema = v.object({
  value: v.string(),
  variations: count,
  lift: described(
    v.nullable(v.number()),
    'How much better or worse its texts did than the average text of their offers, with the other ' +
      'attributes held equal, as a factor; null if there are fewer than 5 such texts or too few in all.',
  ),
  interval: v.nullable(interval),
  sends: count,
  recipients: count,
  clickers,
  smoothed_ctr,
})

/** The answer of `GET analytics`. */
export const reportSchema = v.object({
  summary: summarySchema,
  previous: v.exactOptional(
    described(summarySchema, 'The same for as many days before, if the range has a first day.'),
  ),
  newsletters: v.exactOptional(
    described(v.array(text), 'All lists, if there are several; null is the list without a name.'),
  ),
  offers: v.array(offerRowSchema),
  variations: v.exactOptional(v.array(variationRowSchema)),
  timeline: v.exactOptional(v.array(timelineRowSchema)),
  sparklines: v.exactOptional(v.array(variationDaySchema)),
  heatmap: v.exactOptional(v.array(heatmapCellSchema)),
  devices: v.exactOptional(v.object(v.entriesFromList(clickTraits, v.array(shareSchema)))),
  referrers: v.exactOptional(described(v.array(shareSchema), "People's clicks by host.")),
  referrer_classes: v.exactOptional(
    described(v.array(shareSchema), 'The same by class: webmail, search, social, other, none.'),
  ),
  reasons: v.exactOptional(v.array(reasonShareSchema)),
  sends: v.exactOptional(described(v.array(sendRowSchema), 'Newest first.')),
  doubts: v.exactOptional(doubtsSchema),
  usual_send: v.exactOptional(usualSendSchema),
  attributes: v.exactOptional(
    v.object({
      tone: v.array(attributeRowSchema),
      length_category: v.array(attributeRowSchema),
      cta_text: v.array(attributeRowSchema),
    }),
  ),
  conversions: v.exactOptional(
    described(
      v.array(conversionRowSchema),
      'By UTC days, on the day of the click; present once there has been a conversion.',
    ),
  ),
  settled_until: described(v.nullable(moment), 'Clicks recorded up to then are final; null until one is.'),
  all_settled: described(
    v.boolean(),
    'False while there are newer clicks: they are counted in clicks and rates of the range, but not ' +
      'yet in visitors, sends, statistics, devices, referrers and reasons.',
  ),
  people_since: v.exactOptional(
    described(day, 'The first day that `people` covers, if the range begins before it.'),
  ),
})

const figuresSchema = v.object(figures)

export type Figures = v.InferOutput<typeof figuresSchema>
export type DateRange = v.InferOutput<typeof dateRangeSchema>
export type Summary = v.InferOutput<typeof summarySchema>
/**
 * What all sends so far say of a variation, compared with the others of its offer that have a rate; missing if no send
 * of it counts. Rates are per cent.
 */
export type Statistics = v.InferOutput<typeof statisticsSchema>
/** What all sends so far say of an offer's own rate, in per cent. */
export type OfferStatistics = v.InferOutput<typeof offerStatisticsSchema>
export type OfferRow = v.InferOutput<typeof offerRowSchema>
export type VariationRow = v.InferOutput<typeof variationRowSchema>
export type TimelineRow = v.InferOutput<typeof timelineRowSchema>
/** A day of one variation, for its sparkline. */
export type VariationDay = v.InferOutput<typeof variationDaySchema>
/** Clicks by weekday and hour of the report's time zone. */
export type HeatmapCell = v.InferOutput<typeof heatmapCellSchema>
export type Share = v.InferOutput<typeof shareSchema>
/** Clicks by the rule that judged them, and the verdict that it led to. */
export type ReasonShare = v.InferOutput<typeof reasonShareSchema>
export type SendRow = v.InferOutput<typeof sendRowSchema>
/** One tone, length or call to action over all offers. */
export type AttributeRow = v.InferOutput<typeof attributeRowSchema>
export type Report = v.InferOutput<typeof reportSchema>
