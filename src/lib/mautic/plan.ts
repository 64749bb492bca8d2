import type { MauticText, SentEmail } from '../model/mautic.ts'

/** `grown`: more got it than was reported. `settled`: fewer, and Mautic's count has not changed for an hour. */
export type Correction = { text: MauticText; recipients: number; reason: 'grown' | 'settled' }

export type MauticPlan = {
  corrections: Correction[]
  /** Texts that fewer people got according to Mautic than reported, while its count may still grow. */
  waiting: { text: MauticText; recipients: number }[]
  /** E-mails whose count is then in the reports. */
  done: SentEmail[]
}

/** More than a report may contain. */
const mostRecipients = 10_000_000

/**
 * The corrections by text: its recipients are the sum of all e-mails that show it. A larger number is used at once, a
 * smaller one when Mautic has certainly finished sending; after a correction, a text is only looked at again when
 * Mautic's own number changes, so that a later manual correction stays.
 */
export function planCorrections(emails: readonly SentEmail[], texts: readonly MauticText[]): MauticPlan {
  // An e-mail with an unknown text may show any text of the send.
  const whole = emails.every((email) => email.read && email.variation_id !== null && email.settled)
  const plan: MauticPlan = { corrections: [], waiting: [], done: [] }
  for (const text of texts) {
    const own = emails.filter(({ variation_id }) => variation_id === text.variation_id)
    const fresh = own.some(({ sent_count, corrected_count }) => sent_count !== corrected_count)
    const recipients = own.reduce((sum, { sent_count }) => sum + sent_count, 0)
    const known = text.recipients ?? 0
    if (!fresh || recipients === 0 || recipients > mostRecipients) continue
    if (recipients < known && !whole) {
      plan.waiting.push({ text, recipients })
      continue
    }
    if (recipients !== known)
      plan.corrections.push({ text, recipients, reason: recipients > known ? 'grown' : 'settled' })
    plan.done.push(...own)
  }
  return plan
}

/**
 * The text that an e-mail shows: the one that its links name, if it belongs to the send; if they name none (dynamic
 * content from elsewhere), the send's only one. Otherwise the obstacle.
 */
export function shownText(
  named: readonly number[],
  texts: readonly MauticText[],
): { text: number } | { obstacle: string } {
  const ids = texts.map(({ variation_id }) => variation_id)
  const [first, second] = named.filter((id) => ids.includes(id))
  if (first !== undefined && second === undefined) return { text: first }
  if (first !== undefined) return { obstacle: `shows several texts of its send (${first}, ${second})` }
  if (named.length > 0)
    return { obstacle: `shows text ${named[0]}, which its send did not (${ids.join(', ')})` }
  const [only, another] = ids
  if (only === undefined) return { obstacle: 'belongs to a send that was neither reported nor given a promo' }
  return another === undefined
    ? { text: only }
    : { obstacle: `does not say which of the texts ${ids.join(', ')} it shows` }
}
