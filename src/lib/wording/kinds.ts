import type { Report, VariationRow } from '../model/report.ts'
import { neededTexts } from '../stats/compare-texts.ts'
import { count } from './formats.ts'

const isOfAKind = ({ tone, length_category, cta_text }: VariationRow): boolean =>
  [tone, length_category, cta_text].some(Boolean)

/** Which kinds of text did better or worse than their offers' average. A text has rows once its sends count. */
export function kindsSentence(
  attributes: NonNullable<Report['attributes']>,
  texts: readonly VariationRow[],
): string {
  const rows = [attributes.tone, attributes.length_category, attributes.cta_text].flat()
  if (rows.length === 0 && !texts.some((text) => text.impressions > 0 && isOfAKind(text)))
    return 'No text with a tone, a length or a call to action has been sent yet. Set them when you import texts.'
  const judged = rows.flatMap(({ value, lift, interval }) =>
    lift === null || interval === null ? [] : { value, lift, interval },
  )
  if (judged.length === 0)
    return (
      `Too few texts to tell: a kind needs ${neededTexts} texts that were sent, and their offers need ` +
      'texts of other kinds.'
    )
  const clear = judged.filter(({ interval: [low, high] }) => low > 1 || high < 1)
  if (clear.length === 0)
    return 'No kind of text differs from its offers’ average by more than chance would explain.'
  const strength = ({ lift }: { lift: number }) => -Math.abs(Math.log(lift))
  const named = clear
    .toSorted((a, b) => strength(a) - strength(b))
    .slice(0, 2)
    .map(({ value, lift }) => `“${value}” got ${moreOrFewer(lift)} than its offers’ average`)
  const caution = 'On one page in ten, a kind is called better or worse by chance.'
  return `${named.join('; ')}. ${caution}`
}

const moreOrFewer = (lift: number): string =>
  `${count(Math.abs(Math.round((lift - 1) * 100)))} % ${lift > 1 ? 'more' : 'fewer'} clicks`
