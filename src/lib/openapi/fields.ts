import type * as v from 'valibot'
import type { postbackSchema } from '../conversions/postback.ts'
import type { conversionSchema } from '../conversions/schema.ts'
import { aboutSections, type Section, sections } from '../model/report-query.ts'
import type { querySchema } from '../reports/query.ts'
import type { selectionSchema } from '../selection/schema.ts'
import type { clickSchema, impressionSchema } from '../tracking/schemas.ts'

/** What each field of a schema means: none may be missing. */
type About<Schema extends { entries: v.ObjectEntries }> = Record<keyof Schema['entries'], string>

const send = 'Name of the send, 1 to 100 characters.'
const eventId = 'A UUID that you choose, which makes a retry safe. Using it again for another event is a 409.'

export const aboutSelection: About<typeof selectionSchema> = {
  strategy:
    'How the promo is chosen; the default is `PROMO_SELECTION`. Only `thompson` considers `PROMO_SELECTION_GOAL`.',
  newsletter_send_id: `${send} Asking again for the same send returns the same promo.`,
  newsletter:
    'The list that the send goes to, 1 to 100 characters; promos that it has just seen are held back.',
  segments: 'Splits the send into 2 to 8 random parts that show different promos.',
  blocks: 'Adds each promo as blocks to put into an e-mail: `html`, `text`, or both.',
}

export const aboutImpression: About<typeof impressionSchema> = {
  offer_id: 'The offer that was shown.',
  variation_id: 'The text that was shown.',
  newsletter_send_id: `${send} Repeating it for the same send and variation only corrects the recipients.`,
  newsletter: 'The list that it went to; the default is the list without a name.',
  recipients: 'How many people got it. Always send this: without it, one is counted.',
  event_id: eventId,
}

export const aboutClick: About<typeof clickSchema> = {
  variation_id: 'The text that was clicked.',
  referrer: 'Where the click came from; of its first 2,000 characters the host is kept.',
  user_agent: "The visitor's; the first 500 characters are kept.",
  ip_address: "The visitor's IPv4 or IPv6 address, kept as a hash only.",
  event_id: eventId,
}

export const aboutConversion: About<typeof conversionSchema> = {
  external_id: 'Id of the sale, 1 to 100 characters without spaces; not an e-mail address.',
  source: 'The network that the id comes from, 1 to 50 characters, if several report.',
  click_id: 'What the redirect passed on as `click_id_parameter`: 26 letters and digits.',
  variation_id: 'The text, if there is no click id.',
  newsletter_send_id: `${send} Only together with \`variation_id\`.`,
  amount: 'What you earn by it, as decimal digits; kept exactly. A number may have 15 digits.',
  currency: 'ISO 4217 code, such as EUR.',
  status: 'Of the conversion; the default is approved. Rejected ones are not counted as conversions.',
  occurred_at: 'When it happened, with its time zone; the default is now.',
}

export const aboutPostback: About<typeof postbackSchema> = {
  link: 'The slug of the link.',
  secret: 'The secret that was printed for it.',
  external_id: aboutConversion.external_id,
  click_id: aboutConversion.click_id,
  amount: 'What you earn by it, as decimal digits; kept exactly.',
  currency: aboutConversion.currency,
  status: "The network's word, such as confirmed or declined; the default is approved.",
  occurred_at: aboutConversion.occurred_at,
}

type Included = `include_${Section}`

const aboutRange: Omit<About<typeof querySchema>, Included> = {
  offer_id: 'Only this offer.',
  variation_id: 'Only this text.',
  newsletter: 'Only the sends of this list; if empty, of the list without a name.',
  days: 'This many days up to today; the default is 30. Not together with `from` or `to`.',
  from: 'The first day, from 2000-01-01 to 2999-12-31.',
  to: 'The last day, included.',
  tz: 'Name of the time zone of the days, such as Europe/Oslo.',
  clicks: 'Which rate offers and texts are ranked by; the default is all.',
  format: 'JSON, or one included table (by default the offers) as a CSV file.',
}

export const aboutReport: Record<string, string> = {
  ...aboutRange,
  ...Object.fromEntries(sections.map((name) => [`include_${name}`, `Includes ${aboutSections[name]}.`])),
}
