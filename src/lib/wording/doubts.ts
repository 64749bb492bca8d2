import type { Doubt } from '../model/report.ts'
import { count } from './formats.ts'

/** How far recipients may differ from the usual number and still be called usual. */
const usual = 1.5

/** What is odd about a send, and what was done about it. */
export function doubtSentence(doubt: Doubt): string {
  const { newsletter_send_id, variation_id, factor, recipients, usual_recipients, clickers } = doubt
  const send = `Send ${newsletter_send_id}`
  const reported = `${count(recipients)} ${recipients === 1 ? 'recipient was' : 'recipients were'} reported`
  const remedy = `Correct them with “promo recipients ${newsletter_send_id} --variation ${variation_id} COUNT”.`
  if (clickers > recipients)
    return (
      `${send} was clicked by more people (${count(clickers)}) than got it: ${reported}, so either the ` +
      `number is wrong or the report lacked “recipients” and counted as one. It is left out. ${remedy}`
    )
  const off = Math.max(recipients / usual_recipients, usual_recipients / recipients)
  const rate =
    clickers === 0 ? `${send} was clicked by nobody` : `${send} has ${times(factor)} the usual rate`
  if (off >= usual && recipients < usual_recipients === factor > 1)
    return `${rate}: ${reported}, usually ${count(usual_recipients)}. It hardly counts. ${remedy}`
  return `${rate}, with the usual number of recipients: machines, or an unusual day. It counts for less.`
}

const times = (factor: number): string =>
  `${factor >= 10 ? count(Math.round(factor)) : Number(factor.toPrecision(factor < 1 ? 1 : 2))} ×`

/** Shown with a rate above 100 %: what is most likely wrong. */
export const missingRecipients = 'more clicks than recipients: the reports probably lack “recipients”'
