import type { OfferRow, VariationRow } from '../model/report.ts'

/** The texts of one offer, as a table shows them. */
export type TextGroup = {
  offer_id: number
  texts: VariationRow[]
  /** Likely best first, otherwise in order of creation. */
  ranked: boolean
  /** Whether the texts in use are compared: ranked, and more than one of them was sent. */
  compared: boolean
  /** How many more texts there are. */
  more: number
}

type Wanted = {
  /** How many texts are shown in all; each active offer has at least two. */
  most: number
  /** Whether sends are too small to learn from. */
  small: boolean
}

const fewest = 2

/** Texts by offer, in the order of `offers`, active ones first, and each compared with those of its own offer only. */
export function rankTexts(
  offers: readonly Pick<OfferRow, 'offer_id' | 'active'>[],
  variations: readonly VariationRow[],
  { most, small }: Wanted,
): TextGroup[] {
  const own = Map.groupBy(variations, ({ offer_id }) => offer_id)
  const groups = [...offers]
    .sort((a, b) => Number(b.active) - Number(a.active))
    .flatMap(({ offer_id, active }) => {
      const texts = own.get(offer_id)
      return texts ? [{ offer_id, active, ...ranking(texts, small) }] : []
    })
  const each = fairPart(
    groups.map(({ texts }) => texts.length),
    most,
  )
  let room = most
  return groups.flatMap(({ active, texts, ...group }) => {
    const shown = texts.slice(0, active ? each : Math.min(each, room))
    room = Math.max(0, room - shown.length)
    return shown.length === 0 ? [] : [{ ...group, texts: shown, more: texts.length - shown.length }]
  })
}

/** How many texts each offer shows, so that all together do not show more than `most`. */
function fairPart(lengths: readonly number[], most: number): number {
  let part = Math.max(fewest, ...lengths)
  const shown = () => lengths.reduce((sum, length) => sum + Math.min(length, part), 0)
  while (part > fewest && shown() > most) part -= 1
  return part
}

const sent = ({ statistics }: VariationRow): boolean => (statistics?.sends ?? 0) > 0
const rate = ({ statistics }: VariationRow): number => statistics?.smoothed_ctr ?? -1
const place = (text: VariationRow): number => (sent(text) ? (text.approved ? 0 : 1) : 2)

/** If only chance would decide the order, nothing is ranked. */
function ranking(
  texts: readonly VariationRow[],
  small: boolean,
): Pick<TextGroup, 'texts' | 'ranked' | 'compared'> {
  const byRate = texts.toSorted(
    (a, b) => place(a) - place(b) || rate(b) - rate(a) || a.variation_id - b.variation_id,
  )
  const [leader] = byRate
  const ranked = !small || (leader?.statistics?.label.code ?? 'not_enough_data') !== 'not_enough_data'
  const compared = ranked && texts.filter((text) => text.approved && sent(text)).length > 1
  return {
    ranked,
    compared,
    texts: ranked ? byRate : texts.toSorted((a, b) => a.variation_id - b.variation_id),
  }
}
