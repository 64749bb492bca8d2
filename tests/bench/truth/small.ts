import { seeded } from '../../../src/lib/selection/draws.ts'
import { assess } from '../../../src/lib/stats/assess.ts'
import { aText, createNewsletter } from './newsletter.ts'
import type { World } from './worlds.ts'
import type { Tally } from './year.ts'

export type SmallAsked = { world: World; list: number; sends: number }

export type SmallFound = {
  /** Intervals of texts that hold their rate, or whose sends' rates are doubted. */
  interval: Tally
  /** Of those, how many only because their sends are doubted. */
  doubted: number
  /** Mean of the logarithms of the rates shown, as multiples of the true one. */
  off: number
  /** Sends that are said to have a burst. */
  bursts: Tally
}

const rate = 0.03

/** Two texts that are equally good, in single sends by turns: what is said of them when the last one is complete. */
export function small({ world, list, sends }: SmallAsked, seed: number): SmallFound {
  const newsletter = createNewsletter(world, seeded(seed))
  const texts = [1, 2].map((id) => aText(1, id, rate))
  for (let day = 0; day < sends; day += 1) {
    const turn = texts.slice(day % 2, 1 + (day % 2))
    newsletter.send(
      day,
      turn.map((text) => ({ text, share: 1 })),
      list,
    )
  }
  const hour = sends * 24 + 66
  const { variations, doubts } = assess(
    { sends: newsletter.known(hour), variations: texts },
    newsletter.now(hour),
  )
  const found: SmallFound = {
    interval: { held: 0, all: 0 },
    doubted: 0,
    off: 0,
    bursts: { held: doubts.filter(({ reason }) => reason === 'burst').length, all: sends },
  }
  for (const [id, { interval, smoothed_ctr }] of variations) {
    const holds = interval[0] <= 100 * rate && 100 * rate <= interval[1]
    const doubted = doubts.some(({ variation_id, reason }) => variation_id === id && reason === 'rate')
    found.interval.all += 1
    found.interval.held += Number(holds || doubted)
    found.doubted += Number(doubted && !holds)
    found.off += Math.log(smoothed_ctr / 100 / rate) / texts.length
  }
  return found
}
