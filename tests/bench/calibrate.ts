import { drawNormal, seeded } from '../../src/lib/selection/draws.ts'
import { chancesOf } from '../../src/lib/stats/best.ts'
import type { Send } from '../../src/lib/stats/evidence.ts'
import { learn } from '../../src/lib/stats/learn.ts'
import type { PastSend } from '../../src/lib/stats/past-send.ts'
import { isLarger } from '../../src/lib/stats/sequential.ts'
import { byMarks, drawBinomial, type Variation } from './newsletter-world.ts'

/** How many of how many. */
export type Tally = { held: number; all: number }

const aDay = 86_400_000

/** Of a finished run: how many 95 % intervals hold the true rate, and how many of P(best) >= 95 % name the best. */
export function calibrate(
  sends: readonly PastSend[],
  variations: readonly Variation[],
  days: number,
): { intervals: Tally; best: Tally } {
  return judgeAll(
    sends.map((send) => ({ ...send, age: days + 3 - send.sent_at / aDay })),
    variations,
  )
}

function judgeAll(sends: readonly Send[], variations: readonly Variation[]) {
  const intervals = { held: 0, all: 0 }
  const best = { held: 0, all: 0 }
  for (const { variations: own } of learn(variations, sends).offers) {
    if (!own.some(({ sent }) => sent)) continue
    const highest = Math.max(...own.map(({ variation }) => variation.rate))
    for (const learned of chancesOf(own.map((one) => ({ ...one, ...one.belief })))) {
      const { variation, sent, interval, best: chance } = learned
      if (chance >= 0.95) {
        best.all += 1
        best.held += Number(variation.rate === highest)
      }
      if (!sent) continue
      const [low, high] = interval
      intervals.all += 1
      intervals.held += Number(low <= variation.rate && variation.rate <= high)
    }
  }
  return { intervals, best }
}

/**
 * Where sends break the usual limits on repetition: counted anew, without the code that enforces them. One
 * variation a send.
 */
export function brokenLimits(sends: readonly PastSend[]): string[] {
  const faults: string[] = []
  for (const [at, { offer_id, variation_id }] of sends.entries()) {
    if (sends[at - 1]?.offer_id === offer_id) faults.push(`${at}: offer follows itself`)
    const before = sends.slice(Math.max(0, at - 2), at)
    if (before.some((send) => send.variation_id === variation_id))
      faults.push(`${at}: variation within three sends`)
    const window = sends.slice(Math.max(0, at - 13), at + 1)
    if (window.filter((send) => send.offer_id === offer_id).length > 5) faults.push(`${at}: six of fourteen`)
  }
  return faults
}

const dayFactor = (sigma: number, random: () => number): number =>
  Math.exp(sigma * drawNormal(random) - sigma ** 2 / 2)

/** A send on a day of its own, or on one that others have too, all of whose clicks have come. */
function sent(
  { offer_id, variation_id, rate }: Variation,
  { recipients, ofDay, name, age }: { recipients: number; ofDay: number; name: string; age: number },
  random: () => number,
): Send {
  const clickers = drawBinomial(recipients, Math.min(0.95, rate * ofDay), random)
  return {
    offer_id,
    variation_id,
    newsletter_send_id: name,
    recipients,
    clickers,
    clickers_by: byMarks(Math.round(clickers * 0.7), Math.round(clickers * 0.9), clickers),
    age,
  }
}

/** Intervals of 5 × 4 variations that were each sent equally often, each on days of its own. */
export function intervalsOf(count: number, sigma: number, seed: number): Tally {
  const random = seeded(seed)
  const variations = [1, 2, 3, 4, 5].flatMap((offer_id) => {
    const ofOffer = 0.02 * Math.exp(0.6 * drawNormal(random))
    return [0, 1, 2, 3].map((text) => ({
      offer_id,
      variation_id: offer_id * 10 + text,
      rate: Math.min(0.5, ofOffer * Math.exp(0.3 * drawNormal(random))),
    }))
  })
  const sends = variations.flatMap((variation) =>
    Array.from({ length: count }, (_, index) => {
      const name = `${variation.variation_id}-${index}`
      const how = { recipients: 20_000, ofDay: dayFactor(sigma, random), name, age: 5 + index }
      return sent(variation, how, random)
    }),
  )
  return judgeAll(sends, variations).intervals
}

export type Contest = {
  sigma: number
  /** Of each of the two. */
  recipients: number
  /** How much better the first is than the second: 1 for equals. */
  lift: number
  /** Both as segments of the same sends, or each on days of its own. */
  split: boolean
  /** Sends of each, with a look at the sequential test after each. */
  looks: number
}

/**
 * After how many sends of each the sequential test declares one of two variations the winner, and whether it is
 * the first.
 */
export function winnerOf(
  { sigma, recipients, lift, split, looks }: Contest,
  seed: number,
): { sends: number; first: boolean } | undefined {
  const random = seeded(seed)
  const pair = [0.02 * lift, 0.02].map((rate, place) => ({ offer_id: 1, variation_id: place + 1, rate }))
  const sends: Send[] = []
  for (let look = 1; look <= looks; look += 1) {
    const today = dayFactor(sigma, random)
    for (const variation of pair) {
      const ofDay = split ? today : dayFactor(sigma, random)
      const name = split ? `${look}` : `${look}-${variation.variation_id}`
      sends.push(sent(variation, { recipients, ofDay, name, age: 5 }, random))
    }
    for (const { variations } of learn(pair, sends).offers)
      for (const one of variations)
        if (
          variations.every(
            (other) => other === one || isLarger(one.beside(other.variation), other.beside(one.variation), 1),
          )
        )
          return { sends: look, first: one.variation.variation_id === 1 }
  }
  return undefined
}
