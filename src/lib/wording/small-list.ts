import type { SendRow } from '../model/report.ts'
import { neededClicks } from '../stats/label.ts'
import { countsAsOne, missingRecipients } from './doubts.ts'
import { some } from './words.ts'

/** After this many milliseconds nearly all clickers of a send have clicked. */
export const complete = 3 * 86_400_000
/** The prior's clickers and recipients, as in selection-and-statistics, "Evidence". */
const [priorClickers, priorRecipients] = [4, 200]
/** With fewer clickers per send, judging a text takes more than a month of daily sends. */
const fewestClickers = 3

type SendFigures = Pick<SendRow, 'newsletter_send_id' | 'sent_at' | 'recipients' | 'clickers'>

const sumOf = (sends: readonly SendFigures[], column: 'recipients' | 'clickers'): number =>
  sends.reduce((sum, send) => sum + send[column], 0)

/**
 * Why a list is too small to learn from, or nothing if it is not. Clicks vary by chance by about their square root, so
 * a text needs about a hundred before a difference shows. `now` is in milliseconds since 1970.
 */
export function smallListWarning(sends: readonly SendFigures[], now: number): string | undefined {
  if (sends.length === 0) return undefined
  if (sumOf(sends, 'clickers') > sumOf(sends, 'recipients'))
    return `There are ${missingRecipients}${countsAsOne(sends)}. Nothing can be learned from them.`
  const older = sends.filter(({ sent_at }) => now - Date.parse(sent_at) >= complete)
  const rate = (sumOf(older, 'clickers') + priorClickers) / (sumOf(older, 'recipients') + priorRecipients)
  const recipients = sumOf(sends, 'recipients') / sends.length
  const clickers = recipients * rate
  if (clickers >= fewestClickers) return undefined
  const each = some(Math.max(1, Math.round(recipients)), 'recipient')
  const needed = some(Math.ceil(neededClicks / clickers), 'send')
  const names = sends.flatMap(({ newsletter_send_id }) => newsletter_send_id ?? [])
  const one = new Set(names).size < names.length ? 'A segment of a send' : 'A send'
  return (
    `${one} goes to about ${each} here. That is too few to learn from: each text would take about ` +
    `${needed} to get ${neededClicks} clicks. Put the differences below down to chance.`
  )
}
