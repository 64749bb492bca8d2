import type { AttributeRow } from '../analytics/report.ts'
import type { Evidence as SendsAndTexts } from '../store/report-row.ts'
import { addUp, type CountOf } from './count-sends.ts'
import { sumOf } from './dispersion.ts'
import type { LearnedOffer } from './learn.ts'
import { logInterval, percent, round } from './shown.ts'

export type Text = SendsAndTexts['variations'][number]

/**
 * Which kind of text does better, adjusted for the offer: observed against expected clicks, where each offer's own rate
 * says what was to be expected (indirect standardisation, Breslow & Day 1987, section 2.3). Best first; `mean` is the rate of
 * all offers.
 */
export function compareTexts(
  offers: readonly LearnedOffer<Text>[],
  pick: (text: Text) => string | null,
  mean: number,
  countOf: CountOf,
): AttributeRow[] {
  const all = offers.flatMap(({ variations }) => {
    const { k, n } = sumOf(variations.map(({ evidence }) => evidence))
    const rate = n > 0 ? k / n : 0
    return variations.map(({ variation, evidence }) => ({
      variation,
      ...evidence,
      expected: evidence.n * rate,
    }))
  })
  const rows: AttributeRow[] = []
  for (const [value, own] of Map.groupBy(all, ({ variation }) => pick(variation))) {
    const { k, n } = sumOf(own)
    const expected = own.reduce((sum, one) => sum + one.expected, 0)
    if (value === null || expected === 0) continue
    const lift = (k + 1) / (expected + 1)
    const [low, high] = logInterval(lift, 1 / (k + 1))
    const { sends, recipients, clickers } = addUp(own.map(({ variation }) => countOf(variation)))
    rows.push({
      value,
      variations: own.length,
      lift: round(lift),
      interval: [round(low), round(high)],
      sends,
      recipients,
      clickers,
      smoothed_ctr: percent((k + 1) / (n + 1 / mean)),
    })
  }
  return rows.toSorted(
    (one, other) =>
      other.lift - one.lift || Number(one.value > other.value) - Number(one.value < other.value),
  )
}
