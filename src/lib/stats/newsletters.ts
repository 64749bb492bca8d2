import { arrived, curveOf } from './arrival.ts'
import type { Send } from './parts.ts'

/** A send of a newsletter; an empty name is that of the list without one. */
export type ListedSend = Send & { newsletter: string }

/** Variance of the logarithm by which a usual day differs: no send says more of its list than 1/variance clicks. */
const dayVariance = 0.09
/** The same by which lists differ, and by which the same text differs from one list to another beyond that. */
const listVariance = 0.25
const textVariance = 0.04
const usualRate = 0.02
const rounds = 8

/**
 * Sends as if all had gone to the readers of one newsletter, or of all where none is named. Each list has a factor by which its
 * readers click more or less than others do on the same texts: observed against expected clicks, drawn towards 1 as a gamma
 * variable with the variance of lists (empirical Bayes estimates of standardised rates; Clayton & Kaldor 1987), in turns with
 * the rates of texts until both agree. The factor corrects the recipients. What other lists say of a text counts for at most
 * 1/variance clicks, since tastes differ (a power prior; Ibrahim & Chen 2000). With one list everything is as it was.
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
  const others = sends.filter((send) => newsletter !== undefined && send.newsletter !== newsletter)
  const learned = sumBy(
    others,
    ({ variation_id }) => variation_id,
    ({ clickers }) => clickers,
  )
  return sends.map((send): One => {
    const alien = newsletter !== undefined && send.newsletter !== newsletter
    const weight = alien ? 1 / (1 + valueAt(learned, send.variation_id, 0) * textVariance) : 1
    return {
      ...send,
      recipients: (send.recipients * weight * valueAt(factors, send.newsletter, 1)) / level,
      clickers: send.clickers * weight,
      clickers_by: send.clickers_by.map((clickers) => clickers * weight),
    }
  })
}

/** By how much the readers of each list click more, beside 1 for a list that nothing is known of. */
function factorsOf(sends: readonly ListedSend[]): Map<string, number> {
  const curve = curveOf(sends)
  const exposed = sends
    .map((send) => ({
      ...send,
      n: send.recipients * arrived(send.age, curve).share,
      k: Math.min(send.clickers, send.recipients),
    }))
    .filter(({ n }) => n > 0)
  let factors = new Map<string, number>()
  const factorOf = ({ newsletter }: ListedSend) => valueAt(factors, newsletter, 1)
  const textOf = ({ variation_id }: ListedSend) => variation_id
  const listOf = ({ newsletter }: ListedSend) => newsletter
  for (let round = 0; round < rounds; round += 1) {
    const pool =
      (1 + sum(exposed, ({ k }) => k)) / (1 / usualRate + sum(exposed, (one) => one.n * factorOf(one)))
    const clicks = sumBy(exposed, textOf, ({ k }) => k)
    const reached = sumBy(exposed, textOf, (one) => one.n * factorOf(one))
    const expectedOf = (one: (typeof exposed)[number]) =>
      (one.n * (4 + valueAt(clicks, one.variation_id, 0))) /
      (4 / pool + valueAt(reached, one.variation_id, 0))
    const worth = (one: (typeof exposed)[number]) => 1 / (1 + expectedOf(one) * factorOf(one) * dayVariance)
    const observed = sumBy(exposed, listOf, (one) => worth(one) * one.k)
    const expected = sumBy(exposed, listOf, (one) => worth(one) * expectedOf(one))
    factors = new Map(
      [...observed].map(([list, k]) => [
        list,
        (1 / listVariance + k) / (1 / listVariance + valueAt(expected, list, 0)),
      ]),
    )
  }
  return factors
}

/** The factor of the readers of all lists together. */
function averageOf(sends: readonly ListedSend[], factors: ReadonlyMap<string, number>): number {
  const weighted = sum(sends, ({ newsletter, recipients }) => recipients * valueAt(factors, newsletter, 1))
  const recipients = sum(sends, (send) => send.recipients)
  return recipients > 0 ? weighted / recipients : 1
}

const valueAt = <Key>(values: ReadonlyMap<Key, number>, key: Key, otherwise: number): number =>
  values.get(key) ?? otherwise

const sum = <Row>(rows: readonly Row[], pick: (row: Row) => number): number =>
  rows.reduce((total, row) => total + pick(row), 0)

function sumBy<Row, Key>(
  rows: readonly Row[],
  keyOf: (row: Row) => Key,
  pick: (row: Row) => number,
): Map<Key, number> {
  const sums = new Map<Key, number>()
  for (const row of rows) sums.set(keyOf(row), valueAt(sums, keyOf(row), 0) + pick(row))
  return sums
}
