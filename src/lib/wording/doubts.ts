import type { Doubt, RateDoubt } from '../model/doubt.ts'
import type { Statistics } from '../model/report.ts'
import { keyOfSend } from '../model/send-evidence.ts'
import { count } from './formats.ts'
import { some } from './words.ts'

/** How far recipients may differ from the usual number and still be called usual. */
const usual = 1.5

/** Those that can be mended come first. */
const order: readonly Doubt['reason'][] = ['rate', 'reported_late', 'burst', 'signs', 'late_clicks']

/** Why sends do not count as they were reported, and what was done about it. A send is late in all its parts. */
export function doubtSentences(doubts: readonly Doubt[]): string[] {
  const told = new Map<string | Doubt, Doubt>()
  for (const doubt of doubts) {
    const key = doubt.reason === 'reported_late' ? doubt.newsletter_send_id : doubt
    const early_clickers = doubt.early_clickers + (told.get(key)?.early_clickers ?? 0)
    told.set(key, { ...doubt, early_clickers })
  }
  return [...told.values()]
    .toSorted((one, other) => order.indexOf(one.reason) - order.indexOf(other.reason))
    .map(sentenceOf)
}

function sentenceOf(doubt: Doubt): string {
  const { newsletter_send_id, clickers, counted_clickers, early_clickers, reason } = doubt
  const got = (what: string): string =>
    `Send ${newsletter_send_id} got ${what}. ` +
    `It counts with about ${count(counted_clickers)} of the ${count(clickers)} who clicked.`
  switch (reason) {
    case 'rate':
      return rateSentence(doubt)
    case 'reported_late':
      return lateSentence(newsletter_send_id, early_clickers)
    case 'burst':
      return got('far more of its clicks within an hour than is usual here, as machines would click')
    case 'signs':
      return got('unusually many clicks with a weak sign of a machine')
    case 'late_clicks':
      return got(
        'far more of its clicks late than is usual here, as if they were of the next send of its text',
      )
  }
}

/** Of a send that was reported late: `early` of its clickers were recorded for other sends. */
function lateSentence(send: string, early: number): string {
  const missing =
    early > 0
      ? `about ${count(early)} of the clickers shown for earlier sends are its own, and count for it`
      : 'its first clickers are missing, and how many there were is estimated'
  return (
    `Send ${send} was probably reported hours after it went out: ${missing}. ` +
    'Report a send before it goes out, or as it does.'
  )
}

/** What is odd about a send's rate, and what was done about it. */
export function rateSentence(doubt: RateDoubt): string {
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
  const among =
    off < usual ? ', with the usual number of recipients' : ` among ${count(recipients)} recipients`
  const cause = factor > 1 ? 'machines, or an unusual day' : 'mail that did not arrive, or an unusual day'
  return `${rate}${among}: ${cause}. It counts for less.`
}

const times = (factor: number): string =>
  `${factor >= 10 ? count(Math.round(factor)) : Number(factor.toPrecision(factor < 1 ? 1 : 2))} ×`

/** Doubts about sends to one newsletter, or about all. */
export const doubtsIn = (doubts: readonly Doubt[] | undefined, newsletter: string | undefined): Doubt[] =>
  (doubts ?? []).filter((doubt) => (doubt.newsletter ?? '') === (newsletter ?? doubt.newsletter ?? ''))

type Named = { newsletter_send_id: string | null; variation_id: number }

/** Beside the figures of a period, which count sends as they were reported: how many of them are doubtful. */
export function periodDoubts({
  doubts = [],
  sends = [],
}: {
  doubts?: readonly Doubt[] | undefined
  sends?: readonly Named[] | undefined
}): string {
  const shown = new Set(sends.map(keyOfSend))
  const doubted = new Set(
    doubts.filter((doubt) => shown.has(keyOfSend(doubt))).map(({ newsletter_send_id }) => newsletter_send_id),
  ).size
  if (doubted === 0) return ''
  return doubted === 1
    ? 'A doubtful send is in these figures as it was reported; the warning above says what is odd.'
    : `${count(doubted)} doubtful sends are in these figures as they were reported; the warnings above say what is odd.`
}

type Rested = Pick<Statistics, 'sends' | 'complete_sends' | 'crowded_clickers'>

/** What a likely click rate rests on, and what of that does not count as it was reported. */
export function restsOn({ sends, crowded_clickers }: Rested, doubted: number): string {
  return [
    `in ${some(sends, 'send')}`,
    doubted > 0 && `${doubted < sends ? `${count(doubted)} of them` : 'all'} doubtful`,
    crowded_clickers > 0 && `${count(crowded_clickers)} at shared addresses`,
  ]
    .filter(Boolean)
    .join(', ')
}

/** Whether there are several newsletters, and whether the figures are of one of them. */
export type Lists = 'only' | 'all' | 'one'

const byLists: Record<Lists, string> = {
  only: '',
  all: 'Rates are those of all newsletters’ readers together, whichever of them a text went to.',
  one: 'Rates are those of this newsletter’s readers; sends to others count as far as tastes agree.',
}

/** Below likely click rates: how they differ from clicks divided by recipients, as far as these do. */
export function differenceSentence(rated: readonly Rested[], doubted: number, lists: Lists): string {
  return [
    byLists[lists],
    rated.some(({ sends, complete_sends }) => sends > complete_sends) &&
      'Of sends in their first three days, the clicks that are still to come are estimated.',
    rated.some(({ crowded_clickers }) => crowded_clickers > 0) &&
      'How many people clicked at addresses that many share is estimated from all sends.',
    doubted > 0 && 'Doubtful sends do not count as they were reported; the warnings say why.',
  ]
    .filter(Boolean)
    .join(' ')
}

/** Shown with a rate above 100 %: what is most likely wrong. */
export const missingRecipients = 'more clicks than recipients: the reports probably lack “recipients”'
