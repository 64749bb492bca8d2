import type { UsualSend } from '../model/usual-send.ts'
import { neededClicks } from '../stats/label.ts'
import { countsAsOne, missingRecipients } from './doubts.ts'
import { some } from './words.ts'

/** With fewer clickers per send, judging a text takes more than a month of daily sends. */
const fewestClickers = 3

/**
 * Why a list is too small to learn from, or nothing if it is not, or nothing was sent. Clicks vary by chance by about
 * their square root, so a text needs about a hundred before a difference shows.
 */
export function smallListWarning(usual: UsualSend | undefined): string | undefined {
  if (!usual) return undefined
  const { texts, recipients, clickers } = usual
  if (clickers > recipients)
    return `There are ${missingRecipients}${countsAsOne([usual])}. Nothing can be learned from them.`
  if (clickers >= fewestClickers) return undefined
  const each = some(Math.round(recipients), 'recipient')
  const needed = some(Math.ceil(neededClicks / clickers), 'send')
  return (
    `${texts > 1 ? 'A segment of a send' : 'A send'} goes to about ${each} here. That is too few to learn from: ` +
    `each text would take about ${needed} to get ${neededClicks} clicks. Put the differences below down to chance.`
  )
}
