import type { AttributeRow } from '../model/report.ts'
import type { SendsAndTexts } from '../model/send-evidence.ts'
import { addUp, type CountOf } from './count-sends.ts'
import { sumOf } from './dispersion.ts'
import { type Effect, effectsOf } from './kinds-regression.ts'
import type { LearnedOffer } from './learn.ts'
import { percent, round } from './rounding.ts'

export type EvidenceText = SendsAndTexts['variations'][number]

export const attributes = ['tone', 'length_category', 'cta_text'] as const
export type Attribute = (typeof attributes)[number]

/** A kind with fewer texts gets no lift. */
export const neededTexts = 5

type LearnedText = LearnedOffer<EvidenceText>['variations'][number]

/**
 * Which kind of text does better than the average text of its offer, over all offers, adjusted for the other
 * attributes; see `effectsOf`. Best first, kinds without a lift last; `mean` is the rate of all offers.
 */
export function compareTexts(
  offers: readonly LearnedOffer<EvidenceText>[],
  mean: number,
  countOf: CountOf,
): Record<Attribute, AttributeRow[]> {
  const texts = offers.flatMap(({ variations }) => variations.filter(({ evidence }) => evidence.n > 0))
  const byKind = attributes.map((attribute) => ({
    attribute,
    kinds: [...Map.groupBy(texts, ({ variation }) => variation[attribute])].flatMap(([value, own]) =>
      value === null ? [] : [{ value, own, id: `${attribute} ${value}` }],
    ),
  }))
  const named = byKind.map(({ kinds }) =>
    kinds.filter(({ own }) => own.length >= neededTexts && own.length < texts.length).map(({ id }) => id),
  )
  const effects = effectsOf(
    texts.map(({ variation, evidence: { k, n } }) => ({
      offer_id: variation.offer_id,
      y: Math.log((k + 0.5) / (n + 0.5 / mean)),
      variance: 1 / (k + 0.5),
      kinds: attributes.map((attribute) => `${attribute} ${variation[attribute]}`),
    })),
    named,
  )
  const rowsOf = (attribute: Attribute): AttributeRow[] =>
    byKind
      .flatMap((one) => (one.attribute === attribute ? one.kinds : []))
      .map(({ value, own, id }) => rowOf(value, own, effects.get(id), mean, countOf))
      .toSorted(
        (one, other) =>
          (other.lift ?? 0) - (one.lift ?? 0) ||
          Number(one.value > other.value) - Number(one.value < other.value),
      )
  return { tone: rowsOf('tone'), length_category: rowsOf('length_category'), cta_text: rowsOf('cta_text') }
}

function rowOf(
  value: string,
  own: readonly LearnedText[],
  effect: Effect | undefined,
  mean: number,
  countOf: CountOf,
): AttributeRow {
  const { k, n } = sumOf(own.map(({ evidence }) => evidence))
  const { sends, recipients, clickers } = addUp(own.map(({ variation }) => countOf(variation)))
  return {
    value,
    variations: own.length,
    lift: effect ? round(Math.exp(effect.effect)) : null,
    interval: effect ? [round(Math.exp(effect.low)), round(Math.exp(effect.high))] : null,
    sends,
    recipients,
    clickers,
    smoothed_ctr: percent((k + 1) / (n + 1 / mean)),
  }
}
