import * as v from 'valibot'
import { count, described, id } from './report-fields.ts'

const rateDoubtSchema = v.object({
  newsletter_send_id: v.string(),
  variation_id: id,
  sent_at: v.pipe(v.string(), v.isoTimestamp()),
  factor: described(v.number(), 'Its rate, as a multiple of the expected one.'),
  recipients: described(count, 'As they were reported.'),
  usual_recipients: described(count, 'As they usually are in sends to its newsletter.'),
  clickers: described(count, 'Recipients who clicked, each counted once a send.'),
})

export const doubtSchema = v.object({
  ...rateDoubtSchema.entries,
  newsletter: described(v.nullable(v.string()), 'Which list it went to; null for the list without a name.'),
  counted_clickers: described(count, 'How many of its `clickers` count; none if it is left out.'),
  early_clickers: described(
    count,
    'If it was reported late, how many of the clickers of the send of its text before are its own, and count for it; ' +
      'otherwise 0.',
  ),
  reason: described(
    v.picklist(['rate', 'burst', 'signs', 'reported_late', 'late_clicks']),
    'Its rate is far from the usual one; far more clicked at once than usually do; clicks look like machines’; it ' +
      'was probably reported hours after it went out; or far more clicked late than usually do, as if they had got ' +
      'the next send of its text.',
  ),
})

export const doubtsSchema = described(
  v.array(doubtSchema),
  'Sends to the newsletter asked for, or to all, that do not count in the statistics as they were reported, newest ' +
    'first.',
)

/** A send whose rate is far from that of its neighbours, so that it hardly counts in the statistics. */
export type RateDoubt = v.InferOutput<typeof rateDoubtSchema>
/** A send that does not count in the statistics as it was reported. */
export type Doubt = v.InferOutput<typeof doubtSchema>
