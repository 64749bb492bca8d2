import type { Assessment } from '../analytics/build-report.ts'
import type { AttributeRow, Statistics } from '../analytics/report.ts'
import type { Evidence as SendsAndTexts } from '../store/report-row.ts'
import { type Chance, chancesOf } from './best.ts'
import { arrivalOf, type Evidence, poolEvidence, type Send } from './evidence.ts'
import { labelOf } from './label.ts'
import { believe, intervalOf, meanOf, type Posterior } from './posterior.ts'
import { isLarger } from './sequential.ts'

const day = 86_400_000
/** Days after which a send counts among those that an editor may trust. */
const complete = 3

type Counted = { sends: number; complete: number; recipients: number; clickers: number }

/** Judges what all sends so far say. `now` is in milliseconds since 1970; rates are per cent. */
export function assess({ sends, variations }: SendsAndTexts, now: number): Assessment {
  const aged = sends.map((send) => ({ ...send, age: (now - send.sent_at) / day }))
  const { evidence } = poolEvidence(aged, arrivalOf(aged))
  const posterior = believe(variations, evidence)
  const counted = countSends(aged)
  const judged = new Map<number, Statistics>()
  for (const [offer_id, offer] of posterior.offers) {
    const own = variations.filter((variation) => variation.offer_id === offer_id)
    const ids = own.map(({ variation_id }) => variation_id)
    for (const [id, statistics] of judgeOffer(ids, offer, evidence, posterior, counted))
      judged.set(id, statistics)
  }
  const attribute = (pick: (variation: (typeof variations)[number]) => string | null) =>
    compareTexts(variations, pick, evidence, posterior.mean, counted)
  return {
    variations: judged,
    offers: assessOffers(variations, posterior, evidence),
    attributes: {
      tone: attribute(({ tone }) => tone),
      length_category: attribute(({ length_category }) => length_category),
      cta_text: attribute(({ cta_text }) => cta_text),
    },
  }
}

function countSends(sends: readonly Send[]): Map<number, Counted> {
  const counted = new Map<number, Counted>()
  for (const { variation_id, recipients, clickers, age } of sends) {
    const known = counted.get(variation_id) ?? { sends: 0, complete: 0, recipients: 0, clickers: 0 }
    counted.set(variation_id, {
      sends: known.sends + 1,
      complete: known.complete + Number(age > complete),
      recipients: known.recipients + recipients,
      clickers: known.clickers + clickers,
    })
  }
  return counted
}

const noSends: Counted = { sends: 0, complete: 0, recipients: 0, clickers: 0 }
const noEvidence: Evidence = { k: 0, n: 0 }
const noChance: Chance = { best: 0, loss: 0 }

function judgeOffer(
  ids: readonly number[],
  offer: { shape: number; rate: number },
  evidence: ReadonlyMap<number, Evidence>,
  { variations }: Posterior,
  counted: ReadonlyMap<number, Counted>,
): [number, Statistics][] {
  const known = ids.flatMap((id) => {
    const belief = variations.get(id)
    return belief ? [{ id, belief, mean: meanOf(belief) }] : []
  })
  const chances = chancesOf(known.map(({ belief }) => belief))
  const ranked = known
    .map((one, index) => ({
      ...one,
      chance: chances[index] ?? noChance,
      sent: counted.get(one.id) ?? noSends,
    }))
    .toSorted((a, b) => b.mean - a.mean)
  const confirmed = ranked.every(
    ({ id }, place) =>
      place === 0 ||
      isLarger(
        evidence.get(ranked[0]?.id ?? id) ?? noEvidence,
        evidence.get(id) ?? noEvidence,
        ranked.length - 1,
      ),
  )
  return ranked.map(({ id, belief, mean, chance, sent }, place) => {
    const rival = ranked[place === 0 ? 1 : 0]
    const label = labelOf(
      rival && {
        leads: place === 0,
        sends: Math.min(sent.complete, rival.sent.complete),
        clicks: Math.min(sent.clickers, rival.sent.clickers),
        best: chance.best,
        relativeLoss: chance.loss / mean,
        confirmed,
      },
    )
    const [low, high] = intervalOf(belief, offer)
    return [
      id,
      {
        sends: sent.sends,
        recipients: sent.recipients,
        clickers: sent.clickers,
        smoothed_ctr: percent(mean),
        interval: [percent(low), percent(high)],
        probability_best: Math.round(chance.best * 1e4) / 1e4,
        expected_loss: percent(chance.loss),
        label,
      },
    ]
  })
}

/** An offer's mean rate; its gamma distribution is so narrow beside 1 that its log-normal twin gives the interval. */
function assessOffers(
  variations: SendsAndTexts['variations'],
  { offers }: Posterior,
  evidence: ReadonlyMap<number, Evidence>,
): Assessment['offers'] {
  const sent = new Set(
    variations.filter(({ variation_id }) => evidence.has(variation_id)).map(({ offer_id }) => offer_id),
  )
  return new Map(
    [...offers]
      .filter(([id]) => sent.has(id))
      .map(([id, { shape, rate }]) => {
        const mean = shape / rate
        const [low, high] = logInterval(mean, shape)
        return [id, { smoothed_ctr: percent(mean), interval: [percent(low), percent(Math.min(1, high))] }]
      }),
  )
}

/**
 * Which kind of text does better, adjusted for the offer: observed against expected clicks, where each offer's own rate
 * says what was to be expected (indirect standardisation, Breslow & Day 1987, section 2.3).
 */
function compareTexts(
  variations: SendsAndTexts['variations'],
  pick: (variation: SendsAndTexts['variations'][number]) => string | null,
  evidence: ReadonlyMap<number, Evidence>,
  mean: number,
  counted: ReadonlyMap<number, Counted>,
): AttributeRow[] {
  const rates = new Map(
    [...Map.groupBy(variations, ({ offer_id }) => offer_id)].map(([id, own]) => {
      const { k, n } = sumOf(own.map(({ variation_id }) => evidence.get(variation_id) ?? noEvidence))
      return [id, n > 0 ? k / n : 0]
    }),
  )
  const rows: AttributeRow[] = []
  for (const [value, own] of Map.groupBy(variations, pick)) {
    const { k, n } = sumOf(own.map(({ variation_id }) => evidence.get(variation_id) ?? noEvidence))
    const expected = own.reduce(
      (sum, { offer_id, variation_id }) =>
        sum + (evidence.get(variation_id)?.n ?? 0) * (rates.get(offer_id) ?? 0),
      0,
    )
    if (value === null || expected === 0) continue
    const lift = (k + 1) / (expected + 1)
    const [low, high] = logInterval(lift, k + 1)
    const total = own.map(({ variation_id }) => counted.get(variation_id) ?? noSends)
    rows.push({
      value,
      variations: own.length,
      lift: round(lift),
      interval: [round(low), round(high)],
      sends: total.reduce((sum, { sends }) => sum + sends, 0),
      recipients: total.reduce((sum, { recipients }) => sum + recipients, 0),
      clickers: total.reduce((sum, { clickers }) => sum + clickers, 0),
      smoothed_ctr: percent((k + 1) / (n + 1 / mean)),
    })
  }
  return rows.toSorted((a, b) => b.lift - a.lift || (a.value < b.value ? -1 : 1))
}

const sumOf = (all: readonly Evidence[]): Evidence =>
  all.reduce((sum, { k, n }) => ({ k: sum.k + k, n: sum.n + n }), { k: 0, n: 0 })

/** 95 % of a rate that so many clicks speak for. */
const logInterval = (rate: number, clicks: number): [number, number] => {
  const factor = Math.exp(1.96 / Math.sqrt(clicks))
  return [rate / factor, rate * factor]
}

const round = (value: number): number => Math.round(value * 1e3) / 1e3
/** A rate as per cent, to three decimals. */
const percent = (rate: number): number => round(rate * 100)
