import type { Random } from '../../src/lib/base/random.ts'
import type { Earnings, SendEarnings } from '../../src/lib/model/earnings.ts'
import { drawNormal, seeded } from '../../src/lib/selection/draws.ts'
import { delayMarks } from '../../src/lib/stats/conversion-delays.ts'
import { drawBinomial, type Variation } from './newsletter-world.ts'

/** What becomes of clicks; logarithmic spreads are standard deviations. */
export type Market = {
  name: string
  /** How conversions a click differ between offers and texts, and amounts between offers. */
  ofOffers: number
  ofTexts: number
  ofAmounts: number
  /** By how much a text converts less the more it is clicked on: 2 makes the best by clicks the worst of its offer. */
  bait: number
  amounts: 'alike' | 'lognormal' | 'heavy'
  /** Share that is rejected, and the days until that is decided. */
  rejected: number
  decided: number
  /** Days until a conversion is known, on average. */
  delay: number
  /** A day on which a sale brings 500 usual amounts, whatever is sent. */
  windfall?: number
}

const alike: Market = {
  ...{ name: 'no difference', ofOffers: 0, ofTexts: 0, ofAmounts: 0, bait: 0, amounts: 'alike' },
  ...{ rejected: 0, decided: 0, delay: 1 },
}
const different = { ofOffers: 0.5, ofTexts: 0.3, ofAmounts: 0.8 }

export const markets: readonly Market[] = [
  alike,
  { ...alike, name: 'no difference, heavy tails', amounts: 'heavy' },
  { ...alike, name: 'no difference, late', amounts: 'lognormal', rejected: 0.2, decided: 30, delay: 10 },
  { ...alike, name: 'no difference, one windfall', windfall: 60 },
  { ...alike, name: 'clickbait', ofTexts: 0.3, bait: 2 },
  { ...alike, ...different, name: 'offers differ' },
  { ...alike, ...different, name: 'offers differ, heavy tails', amounts: 'heavy' },
  {
    ...alike,
    ...different,
    name: 'offers differ, late',
    amounts: 'lognormal',
    rejected: 0.3,
    decided: 30,
    delay: 10,
  },
]

const medianRate = 0.02
const usualAmount = 20
const highestRate = 0.5
const nothing = { conversions: 0, pending: 0, rejected: 0, priced: 0, pending_priced: 0 }

/** Days after its send on which a conversion is known and decided, how, and what it brings. */
type Sale = { known: number; decided: number; approved: boolean; amount: number }
type Sold = { sent: number; newsletter_send_id: string; variation_id: number; sales: Sale[] }

/** Conversions in a world of texts, and what the site knows of them. */
export function createMarket(market: Market, texts: readonly Variation[], seed: number) {
  const random = seeded(seed)
  const ofOffers = new Map<number, { rate: number; amount: number; approved: number; clicks: number }>()
  const rates = new Map<number, number>()
  for (const [offer_id, own] of Map.groupBy(texts, (text) => text.offer_id)) {
    const clicks = own.reduce((sum, { rate }) => sum + Math.log(rate), 0) / own.length
    const rate = medianRate * Math.exp(market.ofOffers * drawNormal(random))
    const amount = usualAmount * Math.exp(market.ofAmounts * drawNormal(random))
    const approved = 1 - market.rejected * 2 * random()
    ofOffers.set(offer_id, { rate, amount, approved, clicks })
    for (const text of own) {
      const off = market.ofTexts * drawNormal(random) - market.bait * (Math.log(text.rate) - clicks)
      rates.set(text.variation_id, Math.min(highestRate, rate * Math.exp(off)))
    }
  }
  const offerOf = ({ offer_id }: Pick<Variation, 'offer_id'>) =>
    ofOffers.get(offer_id) ?? { rate: 0, amount: 0, approved: 0, clicks: 0 }
  const sold: Sold[] = []
  return {
    /** What a recipient of a text brings, on average. */
    gainOf: (text: Variation): number =>
      text.rate * (rates.get(text.variation_id) ?? 0) * offerOf(text).amount * offerOf(text).approved,
    send(text: Variation, day: number, clickers: number): void {
      const { amount, approved } = offerOf(text)
      const count = drawBinomial(clickers, rates.get(text.variation_id) ?? 0, random)
      const sales = Array.from({ length: count }, (): Sale => {
        const known = clickedOn(random) - market.delay * Math.log(random())
        return {
          known,
          decided: known + market.decided * (0.5 + random()),
          approved: random() < approved,
          amount: amount * drawAmount(market.amounts, random),
        }
      })
      if (day === market.windfall)
        sales.push({ known: 0, decided: 0, approved: true, amount: 500 * usualAmount })
      sold.push({ sent: day, newsletter_send_id: String(day), variation_id: text.variation_id, sales })
    },
    /** As `readEarnings` reads it on a day. */
    earnings(today: number): Earnings {
      const sends = sold
        .map((send) => toldOf(send, today))
        .filter((one) => one.conversions + one.rejected > 0)
      return {
        currency: sends.some(({ revenue }) => revenue > 0) ? 'EUR' : null,
        sends,
        delays: sold.flatMap(({ sent, sales }) => {
          const past = bucketOf(today - sent)
          return sales
            .filter(({ known }) => known <= today - sent)
            .map(({ known }) => ({ known: bucketOf(known), past, conversions: 1 }))
        }),
      }
    },
  }
}

const bucketOf = (days: number): number => delayMarks.filter((mark) => mark <= days).length

const clickedOn = (random: Random): number => {
  const place = random()
  return place < 0.7 ? 0.5 : place < 0.9 ? 1.5 : 2.5
}

/** 1 on average but for `heavy`, a Pareto distribution with a shape of 1.25, whose variance does not exist. */
function drawAmount(kind: Market['amounts'], random: Random): number {
  if (kind === 'alike') return 1
  return kind === 'lognormal' ? Math.exp(0.8 * drawNormal(random) - 0.32) : 0.2 * random() ** (-1 / 1.25)
}

function toldOf({ sent, newsletter_send_id, variation_id, sales }: Sold, today: number): SendEarnings {
  const age = today - sent
  const told = { ...nothing, newsletter_send_id, variation_id, revenue: 0, pending_revenue: 0, squares: 0 }
  for (const { known, decided, approved, amount } of sales) {
    if (known > age) continue
    const pending = decided > age
    if (!pending && !approved) {
      told.rejected += 1
      continue
    }
    told.conversions += 1
    told.revenue += amount
    told.squares += amount ** 2
    if (!pending) continue
    told.pending += 1
    told.pending_revenue += amount
  }
  return { ...told, priced: told.conversions, pending_priced: told.pending }
}
