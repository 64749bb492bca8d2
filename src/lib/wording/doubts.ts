import { sumOf } from '../base/sum.ts'
import type { Doubt, RateDoubt } from '../model/doubt.ts'
import type { Statistics } from '../model/report.ts'
import { keyOfSend } from '../model/send-evidence.ts'
import { count } from './formats.ts'
import { some } from './words.ts'

/** How far recipients may differ from the usual number and still be called usual. */
const usual = 1.5

/**
 * Why sends do not count as they were reported, and what was done about it; those that can be mended come first. All
 * texts of a send are told together, except for wrong numbers, since each has a command of its own.
 */
export function doubtSentences(doubts: readonly Doubt[]): string[] {
  const rates = doubts.filter(({ reason }) => reason === 'rate')
  return [
    ...rates.filter(isWrong).map(wrongSentence),
    ...lateSentences(bySend(doubts.filter(isLate))),
    ...unusualSentences(rates),
    ...(['burst', 'signs', 'late_clicks'] as const).flatMap((reason) =>
      bySend(doubts.filter((doubt) => doubt.reason === reason)).map(([send, parts]) =>
        partSentence(reason, send, parts),
      ),
    ),
  ]
}

/** Whether a send was reported late, even if its rate is what it is doubted for. */
export const isLate = ({ reason, early_clickers }: Doubt): boolean =>
  reason === 'reported_late' || early_clickers > 0

const bySend = <One extends RateDoubt>(doubts: readonly One[]): [send: string, parts: One[]][] => [
  ...Map.groupBy(doubts, ({ newsletter_send_id }) => newsletter_send_id),
]

const got = {
  burst: 'far more of its clicks within an hour than is usual here, as machines would click',
  signs: 'unusually many clicks with a weak sign of a machine',
  late_clicks: 'far more of its clicks late than is usual here, as if they were of the next send of its text',
}

/** Of texts of a send, not all of whose clickers count. */
function partSentence(reason: keyof typeof got, send: string, parts: readonly Doubt[]): string {
  const several = parts.length > 1
  const counted = count(sumOf(parts, (part) => part.counted_clickers))
  const clicked = count(sumOf(parts, ({ clickers }) => clickers))
  return (
    `Send ${send} got${several ? ` in ${count(parts.length)} segments` : ''} ${got[reason]}. ` +
    `${several ? 'They count' : 'It counts'} with about ${counted} of the ${clicked} who clicked.`
  )
}

/** Where reports are usually late that is one habit, and one sentence. */
const mostLate = 3

function lateSentences(late: readonly [send: string, parts: Doubt[]][]): string[] {
  if (late.length <= mostLate) return late.map(([send, parts]) => lateSentence(send, parts))
  const parts = late.flatMap(([, own]) => own)
  const names = late.slice(0, mostLate).map(([send]) => send)
  const missing = earlySaid(parts, 'are their own') ?? `their first clickers are missing, ${estimated}`
  return [
    `Sends ${names.join(', ')} and ${count(late.length - mostLate)} more were probably reported hours after they ` +
      `went out: ${missing}. Report a send before it goes out, or as it does.`,
  ]
}

/** Of the texts of a send that was reported late: how many of its clickers were recorded for other sends. */
export function lateSentence(send: string, parts: readonly Doubt[]): string {
  const counts = parts.every(({ reason }) => reason === 'reported_late')
  const missing =
    earlySaid(parts, `are its own${counts ? ', and count for it' : ''}`) ??
    `its first clickers are missing, ${estimated}`
  return (
    `Send ${send} was probably reported hours after it went out: ${missing}. ` +
    'Report a send before it goes out, or as it does.'
  )
}

const estimated = 'and how many there were is estimated'

/** Those that were recorded for other sends, if any; those of a text that was never sent before were for none. */
function earlySaid(parts: readonly Doubt[], whose: string): string | undefined {
  const early = sumOf(parts, ({ early_clickers }) => early_clickers)
  if (early === 0) return undefined
  const others = parts.filter(({ early_clickers }) => early_clickers === 0).length
  const texts = others === 1 ? 'another text' : `${count(others)} other texts`
  return (
    `about ${count(early)} of the clickers shown for earlier sends ${whose}` +
    (others > 0 ? `; the first clickers of ${texts} are missing, ${estimated}` : '')
  )
}

/** What is odd about rates, and what was done about it: each number that is wrong, then unusual sends. */
export const rateSentences = (doubts: readonly RateDoubt[]): string[] => [
  ...doubts.filter(isWrong).map(wrongSentence),
  ...unusualSentences(doubts),
]

const unusualSentences = (doubts: readonly RateDoubt[]): string[] =>
  bySend(doubts.filter((doubt) => !isWrong(doubt))).flatMap(([send, parts]) => {
    const alike = Map.groupBy(parts, (part) => `${part.factor > 1} ${isUsual(part)} ${part.clickers > 0}`)
    return [...alike.values()].map((own) => unusualSentence(send, own))
  })

const isUsual = ({ recipients, usual_recipients }: RateDoubt): boolean =>
  Math.max(recipients / usual_recipients, usual_recipients / recipients) < usual

/** Whether the number of recipients explains the rate. */
const isWrong = (doubt: RateDoubt): boolean =>
  doubt.clickers > doubt.recipients ||
  (!isUsual(doubt) && doubt.recipients < doubt.usual_recipients === doubt.factor > 1)

function wrongSentence(doubt: RateDoubt): string {
  const { newsletter_send_id, variation_id, factor, recipients, usual_recipients, clickers } = doubt
  const send = `Send ${newsletter_send_id}`
  const reported = `${count(recipients)} ${recipients === 1 ? 'recipient was' : 'recipients were'} reported`
  const command = `“promo recipients ${newsletter_send_id} --variation ${variation_id} COUNT”.`
  if (clickers > recipients)
    return (
      `${send} was clicked by more people (${count(clickers)}) than got it: ${reported}, so ` +
      `${recipients === 1 ? lacking : overtaken} with ${command}`
    )
  const rate =
    clickers === 0 ? `${send} was clicked by nobody` : `${send} has ${times(factor)} × the usual rate`
  return `${rate}: ${reported}, usually ${count(usual_recipients)}. It hardly counts. Correct them with ${command}`
}

/** Of texts of a send that are alike, and whose numbers of recipients explain nothing. */
function unusualSentence(send: string, parts: readonly RateDoubt[]): string {
  const several = parts.length > 1
  const where = several ? ` in ${count(parts.length)} segments` : ''
  const factors = parts.map(({ factor }) => factor)
  const range = [...new Set([Math.min(...factors), Math.max(...factors)].map(times))].join(' to ')
  const rate = parts.some(({ clickers }) => clickers > 0)
    ? `has${where} ${range} × the usual rate`
    : `was clicked by nobody${where}`
  const among = parts.every(isUsual)
    ? ', with the usual number of recipients'
    : ` among ${count(sumOf(parts, ({ recipients }) => recipients))} recipients`
  const cause = factors.some((factor) => factor > 1) ? 'machines' : 'mail that did not arrive'
  return `Send ${send} ${rate}${among}: ${cause}, or an unusual day. ${several ? 'They count' : 'It counts'} for less.`
}

const lacking =
  'either the number is wrong or the report lacked “recipients” and counted as one. It is left out. Correct it'

/** A link names only its text: a click counts for the send of it that was reported last, whichever somebody got. */
const overtaken =
  'the number is wrong, or some who clicked got its text in an earlier send. It is left out. ' +
  'If the number is wrong, correct it'

const times = (factor: number): string =>
  factor >= 10 ? count(Math.round(factor)) : `${Number(factor.toPrecision(factor < 1 ? 1 : 2))}`

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
    doubted > 0 &&
      (sends === 1 ? 'a doubtful one' : `${doubted < sends ? `${count(doubted)} of them` : 'all'} doubtful`),
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

/** What follows from missing recipients, where no report of `sends` names any. */
export const countsAsOne = (sends: readonly { recipients: number }[]): string =>
  sends.every(({ recipients }) => recipients === 1) ? ', so each report counts as one recipient' : ''
