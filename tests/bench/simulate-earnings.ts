import type { Earnings } from '../../src/lib/model/earnings.ts'
import { type Appraised, appraise } from '../../src/lib/selection/appraise.ts'
import type { Arm } from '../../src/lib/selection/arm.ts'
import { choose } from '../../src/lib/selection/choose.ts'
import { seeded } from '../../src/lib/selection/draws.ts'
import { allowed, holds } from '../../src/lib/selection/variety.ts'
import { weigh } from '../../src/lib/selection/weigh.ts'
import type { PastSend } from '../../src/lib/stats/past-send.ts'
import { createMarket, type Market } from './earning-world.ts'
import { byMarks, createWorld, drawArrivals, drawBinomial, type Setting } from './newsletter-world.ts'
import { noRules, usualRules } from './simulate.ts'

/**
 * `revenue`: as `select-random` does. Beside it: `clicks` alone; `one level`, where what a click brings is one
 * gamma variable of usual amounts (Fay & Feuer 1997); `means`, where each text's revenue a click is taken as it
 * is; `as told`, where young sends and pending conversions are taken as they are.
 */
export const methods = ['clicks', 'means', 'one level', 'as told', 'revenue'] as const
export type Method = (typeof methods)[number]

const aDay = 86_400_000

/** A year of a newsletter: what it earns, as a share of what an oracle earns that knows what each text brings today. */
export function simulateEarnings(setting: Setting, market: Market, method: Method, seed: number): number {
  const random = seeded(seed)
  const world = createWorld(setting, seeded(seed ^ 0x5bd1e995))
  const sales = createMarket(market, world.variations, seed ^ 0x3c6ef372)
  const rules = setting.variety ? usualRules : noRules
  const sends: PastSend[] = []
  const ideal: PastSend[] = []
  const arriving: { day: number; send: PastSend; by: [number, number, number] }[] = []
  const candidates = world.variations.map(({ offer_id, variation_id }) => ({
    ...{ offer_id, variation_id, weight: 1, link_slug: '', recipients: 0, human_clicks: 0 },
  }))
  let earned = 0
  let possible = 0
  for (let day = 0; day < setting.days; day += 1) {
    const ofDay = world.day(day)
    for (const { day: sent, send, by } of arriving.slice(-3)) {
      const come = by.map((count, place) => (day - sent > place ? count : (by[day - sent - 1] ?? 0)))
      send.clickers = come[2] ?? 0
      send.clickers_by = byMarks(come[0] ?? 0, come[1] ?? 0, come[2] ?? 0)
    }
    const held = holds(ideal, rules)
    const ranked = allowed(world.variations.map((text) => ({ ...text, held: held(text) })))
      .map((text) => ({ text, gain: sales.gainOf(text) }))
      .toSorted((one, other) => other.gain - one.gain)
    const byWeight = ranked.reduce((sum, { gain }) => sum + gain, 0) / ranked.length
    possible += (1 - rules.floor) * (ranked[0]?.gain ?? 0) + rules.floor * byWeight
    if (ranked[0]) ideal.push(sendOf(ranked[0].text, day, setting.recipients))

    const situation = { candidates, sends, now: day * aDay, newsletter: '' }
    const arms = weigh(situation, 'thompson', 1, rules)
    const earnings = method === 'clicks' ? undefined : sales.earnings(day)
    const choice = choose({
      ...appraisedBy(method, arms, situation, earnings),
      ...{ strategy: 'thompson', seed: Math.floor(random() * 2 ** 32), taken: [], floor: rules.floor },
    })
    const text = world.variations.find(({ variation_id }) => variation_id === choice?.arm.variation_id)
    if (!text) break
    earned += sales.gainOf(text)
    const all = drawBinomial(setting.recipients, Math.min(0.95, text.rate * ofDay), random)
    const [one, two] = drawArrivals(all, random)
    const send = sendOf(text, day, setting.recipients)
    sends.push(send)
    arriving.push({ day, send, by: [one, one + two, all] })
    sales.send(text, day, all)
  }
  return earned / possible
}

function appraisedBy(
  method: Method,
  arms: readonly Arm[],
  situation: { sends: readonly PastSend[]; now: number },
  earnings: Earnings | undefined,
): Appraised {
  if (!earnings || earnings.currency === null) return { arms }
  if (method === 'means') return asMeans(arms, situation.sends, earnings)
  if (method === 'one level') return appraise(arms, { ...situation, earnings: inUsualAmounts(earnings) })
  if (method === 'as told') return appraise(arms, { ...situation, earnings: asTold(earnings) })
  return appraise(arms, { ...situation, earnings })
}

function inUsualAmounts(earnings: Earnings): Earnings {
  const sum = (pick: (send: Earnings['sends'][number]) => number) =>
    earnings.sends.reduce((total, send) => total + pick(send), 0)
  const usual = sum(({ squares }) => squares) / sum(({ revenue }) => revenue)
  return {
    ...earnings,
    sends: earnings.sends.map((send) => {
      const [all, pending] = [send.revenue / usual, send.pending_revenue / usual]
      return {
        ...{ ...send, conversions: all, pending, priced: all, pending_priced: pending },
        ...{ squares: all * usual ** 2 },
      }
    }),
  }
}

/** No conversion is pending, and all that will ever come is there on the first day. */
const asTold = (earnings: Earnings): Earnings => ({
  ...earnings,
  delays: [{ known: 0, past: 11, conversions: 1e9 }],
  sends: earnings.sends.map((send) => ({
    ...send,
    pending: 0,
    rejected: 0,
    pending_priced: 0,
    pending_revenue: 0,
  })),
})

const certain = 1e6

function asMeans(arms: readonly Arm[], sends: readonly PastSend[], earnings: Earnings): Appraised {
  const ofText = new Map<number, { clicks: number; revenue: number }>()
  const all = { clicks: 0, revenue: 0 }
  const add = (variation_id: number, clicks: number, revenue: number) => {
    const own = ofText.get(variation_id) ?? { clicks: 0, revenue: 0 }
    ofText.set(variation_id, { clicks: own.clicks + clicks, revenue: own.revenue + revenue })
    all.clicks += clicks
    all.revenue += revenue
  }
  for (const { variation_id, clickers } of sends) add(variation_id, clickers, 0)
  for (const { variation_id, revenue } of earnings.sends) add(variation_id, 0, revenue)
  return {
    arms: arms.map((arm) => {
      const own = ofText.get(arm.variation_id)
      if (!own || own.clicks === 0) return arm
      const k = ((certain * own.revenue) / own.clicks) * (all.clicks / all.revenue)
      return { ...arm, earned: [{ k, n: certain }] }
    }),
    worth: { currency: 'EUR', click: 1, levels: [{ ofTexts: 1, ofOffers: certain }] },
  }
}

const sendOf = (
  { offer_id, variation_id }: { offer_id: number; variation_id: number },
  day: number,
  recipients: number,
): PastSend => ({
  ...{ offer_id, variation_id, newsletter_send_id: String(day), newsletter: '', sent_at: day * aDay },
  ...{ recipients, clickers: 0, clickers_by: byMarks(0, 0, 0) },
})
