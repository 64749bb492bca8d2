import type { SendRow } from '../model/report.ts'
import type { Counting } from '../model/report-query.ts'
import { sumSpans } from '../model/spans.ts'
import { share } from './formats.ts'
import { people } from './sentences.ts'
import { complete, some } from './words.ts'

/** How many newsletters went out; one in segments counts once. */
export const countSends = (sends: readonly Pick<SendRow, 'newsletter_send_id'>[]): number =>
  new Set(sends.map(({ newsletter_send_id }) => newsletter_send_id)).size

/**
 * How soon clicks come after the sends of the period, once one of them is complete. `now` is in milliseconds since
 * 1970.
 */
export function sendsSentence(sends: readonly SendRow[], counting: Counting, now: number): string {
  if (sends.length === 0) return 'No send was reported in this period.'
  const spans = sumSpans(
    sends.map(({ by_hours }) => by_hours),
    counting,
  )
  const before = (index: number): number => spans.slice(0, index).reduce((sum, { clicks }) => sum + clicks, 0)
  const all = before(spans.length)
  const sent = countSends(sends)
  const said = some(sent, 'send')
  if (all === 0) return `${said}, and no clicks that belong to ${sent === 1 ? 'it' : 'them'} yet.`
  const judge = 'judge a send when it is three days old.'
  // What has come is early: any share of it would be.
  if (sends.every(({ sent_at }) => now - Date.parse(sent_at) < complete))
    return `${said}, and ${some(all, 'click')}${counting === 'human' ? ' by people' : ''} so far; ${judge}`
  // Rounded as in the curve, so that the two never disagree.
  const within = (part: number) => {
    const index = spans.findIndex((_, index) => Math.round((before(index) / all) * 100) >= part)
    const end = spans[index]
    return end && { part: share(before(index), all), time: spanWords(end.hours) }
  }
  const [half, most] = [within(50), within(90)]
  const clicks = `of ${sent === 1 ? 'its' : 'their'} ${people(counting)} came`
  const came = half
    ? `${half.part} ${clicks} within ` +
      `${half.time}${most && most.time !== half.time ? `, ${most.part} within ${most.time}` : ''}`
    : `Most ${clicks} more than a week later`
  return `${said}. ${came}; ${judge}`
}

const spanWords = (hours: number): string => (hours < 24 ? some(hours, 'hour') : some(hours / 24, 'day'))
