import type { Impression } from '../model/event.ts'

/**
 * The report that corrects how many people got a text of a send. It gets the time of the send itself, `sentAt`: a later
 * one would look like two newsletters with one name.
 */
export const correctionOf = (
  send: string,
  { offer_id, variation_id }: { offer_id: number; variation_id: number },
  { eventId, sentAt, recipients }: { eventId: string; sentAt: number; recipients: number },
): Impression => ({
  kind: 'impression',
  event_id: eventId,
  caller_key: false,
  at: sentAt,
  offer_id,
  variation_id,
  newsletter_send_id: send,
  newsletter: null,
  recipients,
})
