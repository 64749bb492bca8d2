import type { Assessment } from '../analytics/build-report.ts'
import type { OfferStatistics, Statistics } from '../analytics/report.ts'
import type { Evidence as SendsAndTexts } from '../store/report-row.ts'
import { chancesOf } from './best.ts'
import { compareTexts, type Text } from './compare-texts.ts'
import { type Counted, type CountOf, countSends } from './count-sends.ts'
import { labelOf, noLongerUsed, type Side } from './label.ts'
import { type LearnedOffer, learn } from './learn.ts'
import { forNewsletter } from './newsletters.ts'
import { isLarger } from './sequential.ts'
import { logInterval, percent, round } from './shown.ts'

const day = 86_400_000

/**
 * Judges what all sends so far say, of the readers of one newsletter or of all. `now` is in milliseconds since 1970; rates are
 * per cent. Of one newsletter only its own sends are counted.
 */
export function assess({ sends, variations }: SendsAndTexts, now: number, newsletter?: string): Assessment {
  const aged = sends.map((send) => ({ ...send, age: (now - send.sent_at) / day }))
  const countOf = countSends(aged.filter((send) => send.newsletter === (newsletter ?? send.newsletter)))
  const { mean, offers } = learn(variations, forNewsletter(aged, newsletter))
  const attribute = (pick: (text: Text) => string | null) => compareTexts(offers, pick, mean, countOf)
  return {
    variations: new Map(offers.flatMap((offer) => judgeOffer(offer, countOf))),
    offers: new Map(
      offers
        .filter(({ variations: own }) => own.some(({ sent }) => sent))
        .map((offer) => [offer.offer_id, assessOffer(offer)]),
    ),
    attributes: {
      tone: attribute(({ tone }) => tone),
      length_category: attribute(({ length_category }) => length_category),
      cta_text: attribute(({ cta_text }) => cta_text),
    },
  }
}

/** Texts in use are judged among themselves; one that is no longer used, as if it were brought back. */
function judgeOffer({ variations }: LearnedOffer<Text>, countOf: CountOf): [number, Statistics][] {
  const used = variations.filter(({ variation }) => variation.approved)
  const retired = variations.filter(({ variation }) => !variation.approved)
  return [
    ...judgeTexts(used, countOf),
    ...retired.flatMap((text) =>
      judgeTexts([...used, text], countOf)
        .filter(([id]) => id === text.variation.variation_id)
        .map(([id, statistics]): [number, Statistics] => [id, { ...statistics, label: noLongerUsed }]),
    ),
  ]
}

function judgeTexts(variations: LearnedOffer<Text>['variations'], countOf: CountOf): [number, Statistics][] {
  const ranked = chancesOf(variations.map((learned) => ({ ...learned, ...learned.belief })))
    .map((learned) => ({ ...learned, counted: countOf(learned.variation) }))
    .toSorted((one, other) => other.mean - one.mean)
  const [leader, second] = ranked
  return ranked.map((one) => {
    const rival = one === leader ? second : leader
    const confirmed = ranked.every(
      (other) =>
        other === one ||
        isLarger(one.beside(other.variation), other.beside(one.variation), ranked.length - 1),
    )
    const { variation, mean, interval, counted, best, loss } = one
    const label = labelOf(
      rival && {
        leads: one === leader,
        own: sideOf(counted),
        rival: sideOf(rival.counted),
        best,
        relativeLoss: loss / mean,
        confirmed,
      },
    )
    return [
      variation.variation_id,
      {
        sends: counted.sends,
        recipients: counted.recipients,
        clickers: counted.clickers,
        smoothed_ctr: percent(mean),
        interval: [percent(interval[0]), percent(interval[1])],
        probability_best: Math.round(best * 1e4) / 1e4,
        expected_loss: round(loss * 100),
        label,
      },
    ]
  })
}

const sideOf = ({ complete, clickers }: Counted): Side => ({ sends: complete, clicks: clickers })

/** An offer's mean rate; its gamma distribution is so narrow beside 1 that its log-normal twin gives the interval. */
function assessOffer({ shape, rate, shared }: LearnedOffer<Text>): OfferStatistics {
  const mean = shape / rate
  const [low, high] = logInterval(mean, 1 / shape + shared)
  return { smoothed_ctr: percent(mean), interval: [percent(low), percent(Math.min(1, high))] }
}
