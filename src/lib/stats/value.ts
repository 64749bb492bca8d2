import type { Earnings } from '../model/earnings.ts'
import { keyOfSend } from '../model/send-evidence.ts'
import { type Expected, expectingApproval } from './approval.ts'
import { arrived, type Curve } from './arrival.ts'
import { delayCurveOf, shareKnown } from './conversion-delays.ts'
import { dispersionOf, type Evidence, type Prior, sumOf } from './dispersion.ts'
import { type Amounts, cutLargest, mostOf, usualAmount } from './heavy-amounts.ts'
import { type Likeness, levelOf } from './levels.ts'

/** A send with its clickers so far, its age in days. */
export type ClickedSend = {
  offer_id: number
  variation_id: number
  newsletter_send_id: string
  clickers: number
  age: number
}

/** What a click brings: how often it converts, and for how much. */
export type Value = {
  /** Conversions a click, and the amount of one: means of all offers. */
  conversions: number
  amount: number
  /** How texts and offers differ in the one and in the other. */
  levels: [Likeness, Likeness]
  /** By variation: what it says of each level, as events and how many were to be expected. */
  texts: Map<number, [Evidence, Evidence]>
}

/** How conversions a click differ between offers and between texts of one, and how amounts do; see `varianceOf`. */
const betweenRates: Prior = { dispersion: 0.2, sends: 3, least: 0.02, caution: 0 }
const withinRates: Prior = { dispersion: 0.05, sends: 4, least: 0.01, caution: 0 }
const betweenAmounts: Prior = { dispersion: 0.3, sends: 3, least: 0.02, caution: 0 }
const withinAmounts: Prior = { dispersion: 0.01, sends: 4, least: 0.002, caution: 0 }
/** Relative variance of the amounts of one text, before it is seen, and how many conversions that stands for. */
const usualAmounts = { variance: 0.1, conversions: 4, least: 0.01 }
/** Of a send of which less than this share of the conversions is to be known nothing is concluded. */
const leastKnown = 0.2

type SoldPart = ClickedSend & Evidence & { amounts: Amounts }

/**
 * What a click on each text brings, from conversions of sends. Two levels, each drawn towards the offer and all
 * offers: conversions a click, which are counted and which no amount can move, and the amount of a conversion,
 * of which one alone decides nothing (frequency and severity, as insurers keep them apart: Klugman, Panjer &
 * Willmot 2012; a click's value on top of its rate: Chapelle 2014). A young send's clicks count by the share of
 * its conversions that is to be known at its age, pending ones by how many are approved. A conversion in
 * another currency counts as one, whose amount is not known. `undefined` without any conversion.
 */
export function clickValueOf(
  sends: readonly ClickedSend[],
  earnings: Earnings,
  clicks: Curve,
  keptADay: number,
): Value | undefined {
  const known = withinMost(expectedOf(sends, earnings))
  const curve = delayCurveOf(earnings.delays)
  const parts = known.flatMap(({ send, conversions, amounts }): SoldPart[] => {
    const share = shareKnown(send.age, curve)
    if (share < leastKnown) return []
    const n = Math.max(send.clickers, conversions) * Math.min(1, share / arrived(send.age, clicks).share)
    return n > 0 ? [{ ...send, k: conversions, n, amounts }] : []
  })
  if (!parts.some(({ amounts }) => amounts.revenue > 0)) return undefined
  const groups = Map.groupBy(parts, ({ variation_id }) => variation_id)
  const { expected: dispersion } = dispersionOf([...groups.values()])
  const { k, n } = sumOf(parts)
  const texts = [...groups].map(([variation_id, own]) =>
    sumUp(variation_id, own, dispersion * (k / n), keptADay),
  )
  return levelled(texts)
}

type Text = { variation_id: number; offer_id: number; rate: Evidence; amounts: Amounts }

/**
 * A text's sends, each worth what it keeps of its weight; a day is shared by all clicks of a send, as it is by
 * its recipients.
 */
function sumUp(variation_id: number, own: readonly SoldPart[], dispersion: number, keptADay: number): Text {
  const text = {
    variation_id,
    offer_id: 0,
    rate: { k: 0, n: 0 },
    amounts: { conversions: 0, revenue: 0, squares: 0 },
  }
  for (const { offer_id, k, n, age, amounts } of own) {
    const kept = keptADay ** age
    const weight = kept / (1 + n * dispersion)
    text.offer_id = offer_id
    text.rate.k += weight * k
    text.rate.n += weight * n
    text.amounts.conversions += kept * amounts.conversions
    text.amounts.revenue += kept * amounts.revenue
    text.amounts.squares += kept * amounts.squares
  }
  return text
}

function levelled(texts: readonly Text[]): Value {
  const { conversions, revenue } = addUp(texts.map(({ amounts }) => amounts))
  const amount = revenue / conversions
  const noise = noiseOf(texts)
  const sold = texts.map(({ variation_id, offer_id, rate, amounts }) => ({
    variation_id,
    rate: { offer_id, ...rate },
    price: { offer_id, k: amounts.revenue / amount / noise, n: amounts.conversions / noise },
  }))
  const ofRates = levelOf(
    sold.map(({ rate }) => rate),
    withinRates,
    betweenRates,
  )
  const ofPrices = levelOf(
    sold.map(({ price }) => price),
    withinAmounts,
    betweenAmounts,
  )
  return {
    conversions: ofRates.mean,
    amount: amount * ofPrices.mean,
    levels: [ofRates, ofPrices],
    texts: new Map(
      sold.map(({ variation_id, rate, price }) => [
        variation_id,
        [
          { k: rate.k, n: rate.n * ofRates.mean },
          { k: price.k, n: price.n * ofPrices.mean },
        ],
      ]),
    ),
  }
}

/** Relative variance of a text's amounts: their mean has the noise of as many events as there are, divided by it. */
function noiseOf(texts: readonly Text[]): number {
  let squares = usualAmounts.variance * usualAmounts.conversions
  let weights = usualAmounts.conversions
  for (const { amounts } of texts) {
    if (amounts.revenue <= 0) continue
    const mean = amounts.revenue ** 2 / amounts.conversions
    squares += (amounts.conversions * (amounts.squares - mean)) / mean
    weights += Math.max(0, amounts.conversions - 1)
  }
  return Math.max(usualAmounts.least, squares / weights)
}

type Known = Expected & { send: ClickedSend }

/** What sends have brought as it is to be expected, and nothing of those that brought nothing. */
function expectedOf(sends: readonly ClickedSend[], earnings: Earnings): Known[] {
  const byKey = new Map(earnings.sends.map((earned) => [keyOfSend(earned), earned]))
  const earning = sends.flatMap((send) => {
    const own = byKey.get(keyOfSend(send))
    return own ? [{ ...own, offer_id: send.offer_id }] : []
  })
  const expectationOf = expectingApproval(earning)
  return sends.map((send) => {
    const own = byKey.get(keyOfSend(send))
    const nothing = { conversions: 0, amounts: { conversions: 0, revenue: 0, squares: 0 } }
    return { send, ...(own ? expectationOf({ ...own, offer_id: send.offer_id }) : nothing) }
  })
}

/** With amounts of which none counts for more than may be believed of its offer. */
function withinMost(known: readonly Known[]): Known[] {
  const usual = usualAmount(known.map(({ amounts }) => amounts))
  return [...Map.groupBy(known, ({ send }) => send.offer_id).values()].flatMap((own) => {
    const amounts = own.map((one) => one.amounts)
    const most = mostOf(usualAmount(amounts, usual), addUp(amounts).conversions)
    return own.map((one) => ({ ...one, amounts: cutLargest(one.amounts, most) }))
  })
}

const addUp = (all: readonly Amounts[]): Omit<Amounts, 'squares'> =>
  all.reduce(
    (sum, { conversions, revenue }) => ({
      conversions: sum.conversions + conversions,
      revenue: sum.revenue + revenue,
    }),
    { conversions: 0, revenue: 0 },
  )
