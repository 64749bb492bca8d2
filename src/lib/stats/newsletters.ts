import { sumOf } from '../base/sum.ts'
import { arrived, curveOf } from './arrival.ts'
import type { Send } from './parts.ts'

/** A send of a newsletter; an empty name is that of the list without one. */
export type ListedSend = Send & { newsletter: string }

/** Variance of the logarithm by which a usual day differs: no send says more of its list than 1/variance clicks. */
const dayVariance = 0.09
/**
 * The same by which lists differ, and by which the same text differs from one list to another beyond that,
 * before it is seen.
 */
const listVariance = 0.25
const textVariance = { usual: 0.04, texts: 4, least: 0.0025 }
/** A text is no more than this many standard deviations off. */
const furthest = 2.5
const usualRate = 0.02
const rounds = 8

/**
 * Sends as if all had gone to the readers of one newsletter, or of all where none is named. Each list has a
 * factor by which its readers click more or less than others do on the same texts: observed against expected
 * clicks, drawn towards 1 as a gamma variable with the variance of lists (empirical Bayes estimates of
 * standardised rates; Clayton & Kaldor 1987), in turns with the rates of texts until both agree. The factor
 * corrects the recipients. What other lists say of a text counts for at most 1/variance clicks, since tastes
 * differ (a power prior; Ibrahim & Chen 2000): their sends have a `weight`. By how much tastes differ is found
 * by the method of moments. With one list everything is as it was.
 */
export function forNewsletter<One extends ListedSend>(
  sends: readonly One[],
  newsletter: string | undefined,
): readonly One[] {
  const lists = new Set(sends.map((send) => send.newsletter))
  const foreign = newsletter !== undefined && lists.size > 0 && !lists.has(newsletter)
  if (lists.size < 2 && !foreign) return sends
  const factors = factorsOf(sends)
  const level = newsletter === undefined ? averageOf(sends, factors) : valueAt(factors, newsletter, 1)
  const worthOf = worthIn(sends)
  const tastes = newsletter === undefined ? 0 : tastesOf(sends, factors, worthOf)
  const isAlien = (send: One): boolean => newsletter !== undefined && send.newsletter !== newsletter
  const learned = sumBy(sends.filter(isAlien), ({ variation_id }) => variation_id, worthOf)
  return sends.map(
    (send): One => ({
      ...send,
      recipients: (send.recipients * valueAt(factors, send.newsletter, 1)) / level,
      hasMoreClickers: send.clickers > send.recipients,
      weight: isAlien(send) ? 1 / (1 + valueAt(learned, send.variation_id, 0) * tastes) : 1,
    }),
  )
}

/** What a send is worth as evidence on its text, in clicks: less for its day, unless other texts show the day. */
function worthIn(sends: readonly ListedSend[]): (send: ListedSend) => number {
  const parts = sumBy(
    sends,
    ({ newsletter_send_id }) => newsletter_send_id,
    () => 1,
  )
  return ({ clickers, newsletter_send_id }) =>
    clickers / (1 + (valueAt(parts, newsletter_send_id, 1) > 1 ? 0 : clickers * dayVariance))
}

/** The variance by which the same text differs from one list to another. */
function tastesOf(
  sends: readonly ListedSend[],
  factors: ReadonlyMap<string, number>,
  worthOf: (send: ListedSend) => number,
): number {
  let squares = textVariance.usual * textVariance.texts
  let weights = textVariance.texts
  for (const own of Map.groupBy(sends, ({ variation_id }) => variation_id).values()) {
    const rates = [...Map.groupBy(own, ({ newsletter }) => newsletter)].map(([list, listed]) => ({
      worth: sumOf(listed, worthOf),
      rate: Math.log(
        (sumOf(listed, ({ clickers }) => clickers) + 0.5) /
          (sumOf(listed, ({ recipients }) => recipients) * valueAt(factors, list, 1) + 0.5 / usualRate),
      ),
    }))
    for (const { worth, rate } of rates) {
      const rest = sumOf(rates, (one) => one.worth) - worth
      if (worth < 1 || rest < 1) continue
      const mean = (sumOf(rates, (one) => one.worth * one.rate) - worth * rate) / rest
      const noise = 1 / worth + 1 / rest
      const weight = textVariance.usual / (textVariance.usual + noise) / rates.length
      const most = furthest ** 2 * (noise + squares / weights)
      squares += weight * (Math.min(most, (rate - mean) ** 2) - noise)
      weights += weight
    }
  }
  return Math.max(textVariance.least, squares / weights)
}

/** By how much the readers of each list click more, beside 1 for a list that nothing is known of. */
function factorsOf(sends: readonly ListedSend[]): Map<string, number> {
  const curve = curveOf(sends)
  const texts = new Map<number, ExposedText>()
  const lists = new Map<string, ExposedList>()
  const exposed: { n: number; k: number; text: ExposedText; list: ExposedList }[] = []
  let allClicks = 0
  for (const { recipients, clickers, age, variation_id, newsletter } of sends) {
    const n = recipients * arrived(age, curve).share
    if (n <= 0) continue
    const k = Math.min(clickers, recipients)
    const text = kept(texts, variation_id, () => ({ clicks: 0, reached: 0 }))
    const list = kept(lists, newsletter, () => ({ factor: 1, observed: 0, expected: 0 }))
    exposed.push({ n, k, text, list })
    text.clicks += k
    allClicks += k
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const text of texts.values()) text.reached = 0
    for (const list of lists.values()) {
      list.observed = 0
      list.expected = 0
    }
    let allReached = 0
    for (const { n, text, list } of exposed) {
      allReached += n * list.factor
      text.reached += n * list.factor
    }
    const pool = (1 + allClicks) / (1 / usualRate + allReached)
    for (const { n, k, text, list } of exposed) {
      const expected = (n * (4 + text.clicks)) / (4 / pool + text.reached)
      const worth = 1 / (1 + expected * list.factor * dayVariance)
      list.observed += worth * k
      list.expected += worth * expected
    }
    for (const list of lists.values())
      list.factor = (1 / listVariance + list.observed) / (1 / listVariance + list.expected)
  }
  return new Map([...lists].map(([name, { factor }]) => [name, factor]))
}

/** Clicks of a text, and recipients as many as would click alike in each list. */
type ExposedText = { clicks: number; reached: number }
type ExposedList = { factor: number; observed: number; expected: number }

/** What a map has for a key, made and kept where it has nothing. */
function kept<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

/** The factor of the readers of all lists together. */
function averageOf(sends: readonly ListedSend[], factors: ReadonlyMap<string, number>): number {
  const weighted = sumOf(sends, ({ newsletter, recipients }) => recipients * valueAt(factors, newsletter, 1))
  const recipients = sumOf(sends, (send) => send.recipients)
  return recipients > 0 ? weighted / recipients : 1
}

const valueAt = <Key>(values: ReadonlyMap<Key, number>, key: Key, otherwise: number): number =>
  values.get(key) ?? otherwise

function sumBy<Row, Key>(
  rows: readonly Row[],
  keyOf: (row: Row) => Key,
  pick: (row: Row) => number,
): Map<Key, number> {
  const sums = new Map<Key, number>()
  for (const row of rows) sums.set(keyOf(row), valueAt(sums, keyOf(row), 0) + pick(row))
  return sums
}
