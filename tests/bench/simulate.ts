import type { Candidate, Strategy } from '../../src/lib/model/selection.ts'
import { choose } from '../../src/lib/selection/choose.ts'
import { seeded } from '../../src/lib/selection/draws.ts'
import { allowed, holds, type Rules } from '../../src/lib/selection/variety.ts'
import { weigh } from '../../src/lib/selection/weigh.ts'
import type { PastSend } from '../../src/lib/stats/past-send.ts'
import {
  byMarks,
  createWorld,
  drawArrivals,
  drawBinomial,
  type Setting,
  type Variation,
} from './newsletter-world.ts'

export const usualRules: Rules = { offerGap: 1, offerSends: 5, window: 14, variationGap: 2, floor: 0.05 }
export const noRules: Rules = { offerGap: 0, offerSends: 1, window: 1, variationGap: 0, floor: 0 }

const aDay = 86_400_000

export type Run = {
  /** Expected clicks of what was chosen, as a share of those of an oracle that always sends the best that it may. */
  share: number
  /** The same of the most that anyone could earn who plans ahead; without limits there is no difference. */
  ofBound: number
  /** All that was sent, and the rates as they were in the end. */
  sends: PastSend[]
  variations: readonly Variation[]
}

/**
 * A year of a newsletter that asks for a promo each day, by the very functions that `select-random` calls. The oracle
 * knows today's rates and is bound by the same limits and the same floor.
 */
export function simulate(setting: Setting, strategy: Strategy, seed: number): Run {
  const random = seeded(seed)
  const world = createWorld(setting, seeded(seed ^ 0x5bd1e995))
  const rules = setting.variety ? usualRules : noRules
  const sends: PastSend[] = []
  const ideal: PastSend[] = []
  const counted: Counted = new Map()
  const arriving: { day: number; send: PastSend; one: number; two: number; all: number }[] = []
  const each = Math.floor(setting.recipients / setting.segments)
  let earned = 0
  let possible = 0
  let bound = 0
  for (let day = 0; day < setting.days; day += 1) {
    const ofDay = world.day(day)
    arrive(arriving, day, counted)
    const candidates = world.variations.map((variation) => asCandidate(variation, counted))
    const best = sendBest(world.variations, ideal, setting.segments, rules)
    for (const variation of best.chosen) ideal.push(sendOf(variation, day, each))
    possible += best.earned
    bound += mostPossible(world.variations, setting.segments, rules)
    const arms = weigh(
      { candidates, sends, now: day * aDay, newsletter: '' },
      strategy,
      setting.segments,
      rules,
    )
    const taken: number[] = []
    while (taken.length < setting.segments) {
      const choice = choose({
        arms,
        strategy,
        seed: Math.floor(random() * 2 ** 32),
        taken,
        floor: rules.floor,
      })
      if (!choice) break
      taken.push(choice.arm.variation_id)
      const rate = world.variations[choice.arm.variation_id - 1]?.rate ?? 0
      earned += rate
      const send = sendOf(choice.arm, day, each)
      const all = drawBinomial(each, Math.min(0.95, rate * ofDay), random)
      const [one, two] = drawArrivals(all, random)
      sends.push(send)
      arriving.push({ day, send, one, two: one + two, all })
    }
  }
  arrive(arriving, setting.days + 3, counted)
  return { share: earned / possible, ofBound: earned / bound, sends, variations: world.variations }
}

type Counted = Map<number, { recipients: number; human_clicks: number }>

const asCandidate = ({ offer_id, variation_id }: Variation, counted: Counted): Candidate => ({
  offer_id,
  variation_id,
  weight: 1,
  link_slug: '',
  recipients: 0,
  human_clicks: 0,
  ...counted.get(variation_id),
})

const sendOf = (
  { offer_id, variation_id }: { offer_id: number; variation_id: number },
  day: number,
  recipients: number,
): PastSend => ({
  offer_id,
  variation_id,
  newsletter_send_id: String(day),
  newsletter: '',
  sent_at: day * aDay,
  recipients,
  clickers: 0,
  clickers_by: byMarks(0, 0, 0),
})

/** Lets the clickers come who have come by a day; 70, 20 and 10 % on a send's first three days. */
function arrive(
  arriving: { day: number; send: PastSend; one: number; two: number; all: number }[],
  today: number,
  counted: Counted,
): void {
  for (let index = arriving.length - 1; index >= 0; index -= 1) {
    const next = arriving[index]
    if (!next) continue
    const age = today - next.day
    const seen = age >= 3 ? next.all : age === 2 ? next.two : age === 1 ? next.one : 0
    const { variation_id, recipients, clickers } = next.send
    const known = counted.get(variation_id) ?? { recipients: 0, human_clicks: 0 }
    counted.set(variation_id, {
      recipients: known.recipients + (age === 1 ? recipients : 0),
      human_clicks: known.human_clicks + seen - clickers,
    })
    next.send.clickers = seen
    next.send.clickers_by = byMarks(Math.min(seen, next.one), Math.min(seen, next.two), seen)
    if (age >= 3) arriving.splice(index, 1)
  }
}

/**
 * The best of today that the limits allow after the oracle's own sends. The floor's share is what base weights
 * earn.
 */
function sendBest(
  variations: readonly Variation[],
  ideal: readonly PastSend[],
  segments: number,
  rules: Rules,
): { chosen: Variation[]; earned: number } {
  const held = holds(ideal, rules)
  const ranked = variations
    .map((variation) => ({ ...variation, held: held(variation) }))
    .toSorted((one, other) => other.rate - one.rate)
  const chosen: typeof ranked = []
  let earned = 0
  while (chosen.length < Math.min(segments, ranked.length)) {
    const pool = allowed(ranked.filter((one) => !chosen.includes(one)))
    const [best] = pool
    if (!best) break
    chosen.push(best)
    const byWeight = pool.reduce((sum, { rate }) => sum + rate, 0) / pool.length
    earned += (1 - rules.floor) * best.rate + rules.floor * byWeight
  }
  return { chosen, earned }
}

/**
 * What one could earn who knows today's rates and plans: as much of the best as the limits leave on the long
 * run, then of the next. No order of sends that keeps the limits can earn more (the caps are nested, so filling
 * from the top is best). The floor's share is what base weights earn.
 */
function mostPossible(variations: readonly Variation[], segments: number, rules: Rules): number {
  const ofVariation = 1 / (rules.variationGap + 1)
  const ofOffer = Math.min(segments, rules.offerSends / rules.window, 1 / (rules.offerGap + 1))
  const left = new Map<number, number>()
  let open = segments
  let earned = 0
  for (const { offer_id, rate } of variations.toSorted((one, other) => other.rate - one.rate)) {
    const room = left.get(offer_id) ?? (segments > 1 ? segments : ofOffer)
    const part = Math.min(open, room, ofVariation)
    left.set(offer_id, room - part)
    open -= part
    earned += part * rate
  }
  const byWeight = variations.reduce((sum, { rate }) => sum + rate, 0) / variations.length
  return (1 - rules.floor) * earned + rules.floor * segments * byWeight
}
