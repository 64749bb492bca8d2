import { fieldOf, sharesOf } from '../../../src/lib/selection/thompson.ts'
import { weigh } from '../../../src/lib/selection/weigh.ts'
import { assess } from '../../../src/lib/stats/assess.ts'
import { noRules } from '../simulate.ts'
import { listed, type Newsletter, type Text } from './newsletter.ts'
import type { Tally } from './year.ts'

export type SendDay = {
  /** Of the text just sent, intervals shown after 1, 3, 6 and 12 hours that hold what the rate is in the end. */
  hours: Tally[]
  /** Thompson's chance for the text just sent, as a multiple of what it is when the send is complete. */
  ratios: number[]
  /** Sums of the chances, now and when the send is complete. */
  chances: { now: number; whole: number }
}

const hours = [1, 3, 6, 12]

/** What is said and chosen in the hours after a send. */
export function sendDay(
  newsletter: Newsletter,
  texts: readonly Text[],
  parts: readonly { text: Text }[],
  day: number,
  found: SendDay,
): void {
  const [first] = parts
  if (!first) return
  const id = first.text.variation_id
  const chance = (hour: number): number => {
    const candidates = texts.map(({ offer_id, variation_id }) => ({
      offer_id,
      variation_id,
      weight: 1,
      link_slug: '',
      recipients: 0,
      human_clicks: 0,
    }))
    const situation = {
      candidates,
      sends: newsletter.known(hour),
      now: newsletter.now(hour),
      newsletter: newsletter.listOf(day),
    }
    const arms = weigh(situation, 'thompson', parts.length, noRules)
    for (const [arm, share] of sharesOf(fieldOf(arms, arms), 7, 2_000))
      if (arm.variation_id === id) return share
    return 0
  }
  const whole = chance(day * 24 + 90)
  for (const [place, after] of hours.entries()) {
    const hour = day * 24 + after
    const sends = newsletter.known(hour)
    const judged = assess({ sends, variations: [...texts] }, newsletter.now(hour), listed(newsletter, day))
    const shown = judged.variations.get(id)
    const doubted = judged.doubts.some(({ variation_id, reason }) => variation_id === id && reason === 'rate')
    const tally = found.hours[place]
    if (!shown || !tally) continue
    const rate = 100 * newsletter.rateNow(first.text, day)
    tally.all += 1
    tally.held += Number(doubted || (shown.interval[0] <= rate && rate <= shown.interval[1]))
    const chanceNow = chance(hour)
    found.ratios.push((chanceNow + 0.02) / (whole + 0.02))
    found.chances.now += chanceNow
    found.chances.whole += whole
  }
}
