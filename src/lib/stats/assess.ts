import type { Assessment } from '../model/assessment.ts'
import type { OfferStatistics, Statistics } from '../model/report.ts'
import type { SendsAndTexts } from '../model/send-evidence.ts'
import { at, numberAt } from './at.ts'
import { chancesOf } from './best.ts'
import { compareTexts, type EvidenceText } from './compare-texts.ts'
import { type CountOf, countOfferSends, countSends, type OfferSends, type SendCounts } from './count-sends.ts'
import { besideCrowds } from './crowds.ts'
import { doubtsOf } from './doubts.ts'
import { type Label, labelOf, noLongerUsed, type Side } from './label.ts'
import { reportedInTime } from './late-reports.ts'
import { type LearnedOffer, learn } from './learn.ts'
import { forNewsletter } from './newsletters.ts'
import { leaningOf, offerMeanOf } from './posterior.ts'
import { logInterval, percent, round } from './rounding.ts'
import { isLarger } from './sequential.ts'
import { besideSigns } from './signs.ts'

const day = 86_400_000

/**
 * Assesses all sends so far, for the readers of one newsletter or of all. `now` is in milliseconds since 1970; rates
 * are per cent. For one newsletter, only its own sends are counted.
 */
export function assess({ sends, variations }: SendsAndTexts, now: number, newsletter?: string): Assessment {
  const aged = sends.map((send) => ({ ...send, age: (now - send.sent_at) / day }))
  const own = aged.filter((send) => send.newsletter === (newsletter ?? send.newsletter))
  const countOf = countSends(own)
  const used = new Set(variations.flatMap(({ approved, variation_id }) => (approved ? variation_id : [])))
  const countOfOffer = countOfferSends(own.filter(({ variation_id }) => used.has(variation_id)))
  const people = besideSigns(aged)
  const beside = besideCrowds(people.sends, newsletter)
  const { mean, offers, doubted } = learn(
    variations,
    forNewsletter(reportedInTime(beside.sends), newsletter),
    people.variance + beside.variance,
  )
  return {
    doubts: doubtsOf(doubted, sends),
    variations: new Map(offers.flatMap((offer) => judgeOffer(offer, countOf))),
    offers: new Map(offers.flatMap((offer) => assessOffer(offer, countOf, countOfOffer(offer.offer_id)))),
    attributes: compareTexts(offers, mean, countOf),
  }
}

/** Whether a text has a rate: at least one of its sends counts, and one went to the readers in question. */
const isRated = ({ sent, variation }: LearnedVariation, countOf: CountOf): boolean =>
  sent && countOf(variation).sends > 0

/**
 * Texts in use are compared with one another; one that is no longer in use, as if it were brought back. A text without
 * a rate is compared with none.
 */
function judgeOffer({ variations }: LearnedOffer<EvidenceText>, countOf: CountOf): [number, Statistics][] {
  const rated = variations.filter((one) => isRated(one, countOf))
  const used = rated.filter(({ variation }) => variation.approved)
  const retired = rated.filter(({ variation }) => !variation.approved)
  return [
    ...judgeTexts(used, countOf),
    ...retired.flatMap((text) =>
      rank([...used, text], countOf)
        .filter(({ variation }) => variation === text.variation)
        .map((one): [number, Statistics] => [one.variation.variation_id, statisticsOf(one, noLongerUsed)]),
    ),
  ]
}

type LearnedVariation = LearnedOffer<EvidenceText>['variations'][number]

/** Texts with their chances beside one another, the best first. Upper limits do not belong in an expectation. */
function rank(variations: readonly LearnedVariation[], countOf: CountOf) {
  const losses = Float64Array.from(chancesOf(variations.map(({ expected }) => expected)), ({ loss }) => loss)
  return chancesOf(variations.map((learned) => ({ ...learned, ...learned.belief })))
    .map((learned, place) => ({
      ...learned,
      expectedLoss: numberAt(losses, place),
      best: Math.round(learned.best * 1e4) / 1e4,
      counted: countOf(learned.variation),
    }))
    .toSorted((one, other) => other.mean - one.mean)
}

function judgeTexts(variations: readonly LearnedVariation[], countOf: CountOf): [number, Statistics][] {
  const ranked = rank(variations, countOf)
  const [leader, second] = ranked
  const leadersBest = at(
    ranked.map(({ best }) => best),
    0,
  )
  return ranked.map((one) => {
    const rival = one === leader ? second : leader
    const label = labelOf(
      rival && {
        leads: one === leader,
        own: sideOf(one.counted),
        rival: sideOf(rival.counted),
        best: one.best,
        leadersBest,
        relativeLoss: one.loss / one.mean,
        confirmed: () => ranked.every((other) => other === one || isConfirmed(one, other, ranked.length - 1)),
      },
    )
    return [one.variation.variation_id, statisticsOf(one, label)]
  })
}

const statisticsOf = (
  { mean, interval: [low, high], counted, best, expectedLoss }: ReturnType<typeof rank>[number],
  label: Label,
): Statistics => ({
  sends: counted.sends,
  complete_sends: counted.complete,
  recipients: counted.recipients,
  clickers: counted.clickers,
  crowded_clickers: counted.crowded,
  smoothed_ctr: percent(mean),
  interval: [percent(low), percent(high)],
  probability_best: best,
  expected_loss: round(expectedLoss * 100),
  label,
})

/** If a text had the smaller parts of sends, it may be better, or its readers may just be easier to tell apart. */
const isConfirmed = (
  one: LearnedVariation,
  { variation, beside }: LearnedVariation,
  comparisons: number,
): boolean =>
  isLarger(one.beside(variation), beside(one.variation), comparisons, one.driftAgainst(variation)) &&
  !one.smallerThan(variation)

const sideOf = ({ complete, clickers }: SendCounts): Side => ({ sends: complete, clicks: clickers })

/**
 * The mean rate of the texts that have one, with its interval: the uncertainty of each text's own evidence, and the
 * shared uncertainty of days and of the offer's mean, as far as texts lean on it.
 */
function assessOffer(
  offer: LearnedOffer<EvidenceText>,
  countOf: CountOf,
  { sends, complete }: OfferSends,
): [number, OfferStatistics][] {
  const { offer_id, shared, variations } = offer
  const sent = variations.filter((one) => isRated(one, countOf))
  if (sent.length === 0) return []
  const mean = sent.reduce((sum, one) => sum + one.mean, 0) / sent.length
  const own = sent.reduce(
    (sum, { mean: rate, belief: { a, b } }) => sum + (rate * (1 - rate)) / (a + b + 1),
    0,
  )
  const leaning = sent.reduce((sum, { belief }) => sum + leaningOf(belief, offer), 0) / sent.length
  const ofOffer = ((leaning * offerMeanOf(offer)) / mean) ** 2 / offer.shape
  const drift = Math.max(...sent.map((one) => one.drift))
  const [low, high] = logInterval(mean, own / (sent.length * mean) ** 2 + ofOffer + shared + drift)
  return [
    [
      offer_id,
      {
        sends,
        complete_sends: complete,
        smoothed_ctr: percent(mean),
        interval: [percent(low), percent(Math.min(1, high))],
      },
    ],
  ]
}
