import { drawNormal, seeded } from '../../../src/lib/selection/draws.ts'
import { assess } from '../../../src/lib/stats/assess.ts'
import { aText, createNewsletter, listed, type Text } from './newsletter.ts'
import { type SendDay, sendDay } from './send-day.ts'
import { chooseParts, floor, type Way } from './ways.ts'
import type { World } from './worlds.ts'

/** How many of how many. */
export type Tally = { held: number; all: number }

export type Year = {
  /** Clicks, as a share of what an oracle had that knows all rates and keeps to the same floor. */
  oracle: number
  /** Intervals of sent texts that contain their present rate, or of which sends are doubted. */
  interval: Tally
  /** Of those, how many only because their sends are doubted. */
  doubted: number
  offerInterval: Tally
  probably: Tally
  confirmed: Tally
  /** Expected loss as reported and true, by size: under 0.02, 0.02 to 0.1, over 0.1 of the rate. */
  loss: { told: number; true: number }[]
  sendDay: SendDay
}

const looks = [40, 91, 150, 221, 300, 363]
const list = 32_000

/** The texts of four offers with four each. */
export function drawTexts(random: () => number): Text[] {
  return [1, 2, 3, 4].flatMap((offer) => {
    const ofOffer = 0.02 * Math.exp(0.6 * drawNormal(random))
    return [0, 1, 2, 3].map((text) =>
      aText(offer, offer * 10 + text, Math.min(0.3, ofOffer * Math.exp(0.3 * drawNormal(random)))),
    )
  })
}

const count = (tally: Tally, held: boolean): void => {
  tally.all += 1
  tally.held += Number(held)
}

/** A year of a newsletter, and how true what is said of it was on some of its days. */
export function year({ world, way }: { world: World; way: Way }, seed: number): Year {
  const random = seeded(seed)
  const texts = drawTexts(random)
  const newsletter = createNewsletter(world, random)
  const tally = (): Tally => ({ held: 0, all: 0 })
  const found: Year = {
    oracle: 0,
    interval: tally(),
    doubted: 0,
    offerInterval: tally(),
    probably: tally(),
    confirmed: tally(),
    loss: [0, 0, 0].map(() => ({ told: 0, true: 0 })),
    sendDay: { hours: [0, 0, 0, 0].map(tally), ratios: [], chances: { now: 0, whole: 0 } },
  }
  let earned = 0
  let possible = 0
  for (let day = 0; day < 365; day += 1) {
    const parts = chooseParts(newsletter, texts, way, day, random)
    const rates = texts.map((text) => newsletter.rateNow(text, day)).toSorted((a, b) => b - a)
    const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length
    for (const [place, { text, share }] of parts.entries()) {
      earned += share * newsletter.rateNow(text, day)
      possible += share * ((1 - floor) * (rates[place] ?? 0) + floor * mean)
    }
    newsletter.send(day, parts, list)
    if (!looks.includes(day)) continue
    judge(newsletter, texts, day, found)
    sendDay(newsletter, texts, parts, day, found.sendDay)
  }
  return { ...found, oracle: (100 * earned) / possible }
}

function judge(
  newsletter: ReturnType<typeof createNewsletter>,
  texts: Text[],
  day: number,
  found: Year,
): void {
  const hour = day * 24 + 24
  const sends = newsletter.known(hour)
  const judged = assess({ sends, variations: texts }, newsletter.now(hour), listed(newsletter, day))
  const rateOf = (text: Text) => newsletter.rateNow(text, day)
  for (const [offer, own] of Map.groupBy(texts, ({ offer_id }) => offer_id)) {
    // Nothing is said about a text that was never sent, nor in comparison with it.
    const sent = own.flatMap((text) => {
      const one = judged.variations.get(text.variation_id)
      return one && one.sends > 0 ? [{ text, one, rate: rateOf(text) }] : []
    })
    const highest = Math.max(...sent.map(({ rate }) => rate))
    for (const { text, one, rate } of sent) {
      const [low, high] = one.interval
      const holds = low <= rate * 100 && rate * 100 <= high
      const doubted = judged.doubts.some(
        ({ variation_id, reason }) => variation_id === text.variation_id && reason === 'rate',
      )
      count(found.interval, holds || doubted)
      if (doubted && !holds) found.doubted += 1
      if (one.label.code === 'probably_best') count(found.probably, rate === highest)
      if (one.label.code === 'confirmed_winner') count(found.confirmed, rate === highest)
      const size = one.expected_loss / one.smoothed_ctr
      const loss = found.loss[size < 0.02 ? 0 : size < 0.1 ? 1 : 2]
      if (!loss) continue
      loss.told += one.expected_loss
      loss.true += 100 * (highest - rate)
    }
    const known = judged.offers.get(offer)
    const all = sent.reduce((sum, { rate }) => sum + rate, 0) / sent.length
    if (known) count(found.offerInterval, known.interval[0] <= all * 100 && all * 100 <= known.interval[1])
  }
}
