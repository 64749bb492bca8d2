import type * as v from 'valibot'
import type { postbackSchema } from '../conversions/postback.ts'
import type { conversionSchema } from '../conversions/schema.ts'
import type { querySchema } from '../reports/query.ts'
import type { selectionSchema } from '../selection/schema.ts'
import type { clickSchema, impressionSchema } from '../tracking/schemas.ts'

/** What each field of a schema means: none may be left out. */
type About<Schema extends { entries: v.ObjectEntries }> = Record<keyof Schema['entries'], string>

const send = 'Name of the send, 1 to 100 characters.'
const eventId = 'A UUID of yours, which makes a retry safe. Used again for another event it is a 409.'

export const aboutSelection: About<typeof selectionSchema> = {
  strategy: 'How the promo is chosen; without it as `PROMO_SELECTION` says.',
  newsletter_send_id: `${send} The same send gets the same promo again.`,
  newsletter: 'The list that the send goes to, 1 to 100 characters: what it has just seen is held back.',
  segments: 'Splits the send into 2 to 8 random parts that show different promos.',
  blocks: 'Has each promo come as blocks to put into an e-mail: `html`, `text`, or both.',
}

export const aboutImpression: About<typeof impressionSchema> = {
  offer_id: 'The offer that was shown.',
  variation_id: 'The text that was shown.',
  newsletter_send_id: `${send} The same send and variation again changes nothing but the recipients.`,
  newsletter: 'The list that it went to; without it the one without a name.',
  recipients: 'How many people got it. Send it: without it one is counted.',
  event_id: eventId,
}

export const aboutClick: About<typeof clickSchema> = {
  variation_id: 'The text that was clicked.',
  referrer: 'Where the click came from; the first 2,000 characters are read, and the host is kept.',
  user_agent: "The visitor's; the first 500 characters are kept.",
  ip_address: "The visitor's IPv4 or IPv6 address, kept as a hash only.",
  event_id: eventId,
}

export const aboutConversion: About<typeof conversionSchema> = {
  external_id: 'Id of the sale, 1 to 100 characters without blanks; no e-mail address.',
  source: 'Whose id it is, 1 to 50 characters, where several networks report.',
  click_id: 'What the redirect brought along under `click_id_parameter`: 26 letters and digits.',
  variation_id: 'The text, where there is no click id.',
  newsletter_send_id: `${send} Beside \`variation_id\` only.`,
  amount: 'What it brings you, as decimal digits; kept exactly. A number may have 15 digits.',
  currency: 'Of ISO 4217, such as EUR.',
  status: 'Of the amount; approved without it. Rejected ones are not counted as conversions.',
  occurred_at: 'When it happened, with its zone; now without it.',
}

export const aboutPostback: About<typeof postbackSchema> = {
  link: 'The slug of the link.',
  secret: 'The secret that was printed for it.',
  external_id: aboutConversion.external_id,
  click_id: aboutConversion.click_id,
  amount: 'What it brings you, as decimal digits; kept exactly.',
  currency: aboutConversion.currency,
  status: "The network's word, such as confirmed or declined; approved without it.",
  occurred_at: aboutConversion.occurred_at,
}

const included = (what: string) => `Brings ${what} along.`

export const aboutReport: About<typeof querySchema> = {
  offer_id: 'Only this offer.',
  variation_id: 'Only this text.',
  newsletter: 'Only the sends of this list; empty: of the one without a name.',
  days: 'So many days until today; 30 without it. Not beside `from` or `to`.',
  from: 'The first day, from 2000-01-01 to 2999-12-31.',
  to: 'The last day, included.',
  tz: 'Name of the time zone that days are of, such as Europe/Oslo.',
  clicks: 'Which rate ranks; all without it.',
  include_variations: included('the texts'),
  include_timeline: included('each day'),
  include_heatmap: included('weekdays and hours'),
  include_devices: included('devices, browsers and systems'),
  include_referrers: included('referrers and their classes'),
  include_reasons: included('reasons of verdicts'),
  include_sends: included('sends and doubts about them'),
  include_attributes: included('tones, lengths and calls to action'),
  include_sparklines: included('sums of each text by about 26 spans of the range'),
  include_conversions: included('conversions, their rates and what they bring, once there has been one'),
  include_statistics: included('what all sends so far say of offers and included texts'),
  format: 'JSON, or one included table (else the offers) as a CSV file.',
}
