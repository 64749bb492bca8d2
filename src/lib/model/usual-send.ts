import * as v from 'valibot'
import { described } from './report-fields.ts'

export const usualSendSchema = described(
  v.object({
    texts: described(v.number(), 'How many texts a send has: more than one if it goes out in segments.'),
    recipients: described(v.number(), 'How many people get each text.'),
    clickers: described(v.number(), 'How many of those click, once the send is complete.'),
  }),
  'Averages of the newest 30 sends to the newsletter asked for, or to all, whatever the range.',
)

/** Averages of the newest sends. */
export type UsualSend = v.InferOutput<typeof usualSendSchema>
