import { neededClicks, neededSends } from '../stats/label.ts'
import { some } from './words.ts'

/** What a text or an offer has: sends, those of them older than three days, and recipients who clicked. */
export type Had = { sends: number; complete_sends: number; clickers: number }

/** Whether enough is known of it to be compared. */
export const isKnown = ({ complete_sends, clickers }: Had): boolean =>
  complete_sends >= neededSends && clickers >= neededClicks

/** Whether it needs more sends, and not only time for those that it has. */
export const needsSends = (had: Had): boolean => !isKnown({ ...had, complete_sends: had.sends })

/**
 * What it still needs before it can be compared: "about 3 more sends (51 more clicks)". Its sends so far show how many
 * are needed for the clicks, once one of them has all of its own. Empty if it needs nothing.
 */
export function neededBy({ sends, complete_sends, clickers }: Had): string {
  const clicks = neededClicks - clickers
  const fewest = neededSends - sends
  const fresh = sends > 0 && complete_sends === 0
  if (clicks > 0 && (fewest > 0 || !fresh)) {
    const each = clickers / sends
    const more = Math.max(1, fewest, each > 0 && !fresh ? Math.ceil(clicks / each) : 0)
    return `${fresh ? 'at least' : 'about'} ${some(more, 'more send')} (${some(clicks, 'more click')})`
  }
  if (fewest > 0) return some(fewest, 'more send')
  return complete_sends < neededSends ? 'three days for the late clicks of its sends' : ''
}

/** What those of two that are known too little still need, in a sentence without its end. */
export function neededByEach(...two: readonly (Had & { name: string })[]): string {
  return two
    .flatMap((one) => {
      const needed = neededBy(one)
      return needed === '' ? [] : `${one.name} still needs ${needed}`
    })
    .join(', and ')
}
