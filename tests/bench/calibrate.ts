import type { PastSend } from '../../src/lib/selection/arm.ts'
import { drawNormal, seeded } from '../../src/lib/selection/draws.ts'
import { chancesOf } from '../../src/lib/stats/best.ts'
import { arrivalOf, poolEvidence, type Send } from '../../src/lib/stats/evidence.ts'
import { believe, intervalOf } from '../../src/lib/stats/posterior.ts'
import { isLarger } from '../../src/lib/stats/sequential.ts'
import { drawBinomial, type Variation } from './newsletter-world.ts'

/** How many of how many. */
export type Tally = { held: number; all: number }

const aDay = 86_400_000
const usual = [0.7, 0.9, 1] as const

/** Of a finished run: how many 95 % intervals hold the true rate, and how many of P(best) >= 95 % name the best. */
export function calibrate(
  sends: readonly PastSend[],
  variations: readonly Variation[],
  days: number,
): { intervals: Tally; best: Tally } {
  const aged = sends.map((send) => ({ ...send, age: days + 3 - send.sent_at / aDay }))
  return judgeAll(aged, variations, arrivalOf(aged))
}

function judgeAll(
  sends: readonly Send[],
  variations: readonly Variation[],
  arrival: Parameters<typeof poolEvidence>[1],
) {
  const { evidence } = poolEvidence(sends, arrival)
  const posterior = believe(variations, evidence)
  const intervals = { held: 0, all: 0 }
  const best = { held: 0, all: 0 }
  for (const [offer_id, own] of Map.groupBy(variations, (variation) => variation.offer_id)) {
    const offer = posterior.offers.get(offer_id)
    const beliefs = own.flatMap(({ variation_id }) => posterior.variations.get(variation_id) ?? [])
    if (!offer || !own.some(({ variation_id }) => evidence.has(variation_id))) continue
    const highest = Math.max(...own.map(({ rate }) => rate))
    for (const [place, chance] of chancesOf(beliefs).entries()) {
      const variation = own[place]
      const belief = beliefs[place]
      if (!variation || !belief) continue
      if (chance.best >= 0.95) {
        best.all += 1
        best.held += Number(variation.rate === highest)
      }
      if (!evidence.has(variation.variation_id)) continue
      const [low, high] = intervalOf(belief, offer)
      intervals.all += 1
      intervals.held += Number(low <= variation.rate && variation.rate <= high)
    }
  }
  return { intervals, best }
}

const sent = (
  { offer_id, variation_id, rate }: Variation,
  sigma: number,
  age: number,
  random: () => number,
): Send => {
  const ofDay = Math.exp(sigma * drawNormal(random) - sigma ** 2 / 2)
  const recipients = 20_000
  return {
    offer_id,
    variation_id,
    recipients,
    clickers: drawBinomial(recipients, Math.min(0.95, rate * ofDay), random),
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
    Array.from({ length: count }, (_, index) => sent(variation, sigma, 5 + index, random)),
  )
  return judgeAll(sends, variations, usual).intervals
}

/** Whether the sequential test, looked at on sixty days, ever declares one of two equal variations the winner. */
export function declaresFalsely(sigma: number, seed: number): boolean {
  const random = seeded(seed)
  const twins = [1, 2].map((variation_id) => ({ offer_id: 1, variation_id, rate: 0.02 }))
  const sends: Send[] = []
  for (let look = 0; look < 60; look += 1) {
    for (const twin of twins) sends.push(sent(twin, sigma, 5, random))
    const { evidence } = poolEvidence(sends, usual)
    const [one, other] = [evidence.get(1), evidence.get(2)]
    if (one && other && (isLarger(one, other, 1) || isLarger(other, one, 1))) return true
  }
  return false
}
