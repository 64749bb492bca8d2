import { at, lookUp, numberAt } from './at.ts'
import type { SendSegment, TextEvidence } from './known.ts'
import { invert } from './matrix.ts'
import type { Hub } from './network.ts'
import { hubsOf } from './settle-rates.ts'

/** How sure a variation is known beside others of its offer. */
export type Spread = {
  of: TextEvidence
  /** Variance of the logarithm of its rate. */
  variance: number
  /** Covariance with each other of its offer, 0 or more: how far both are wrong together, because they shared days. */
  others: { of: TextEvidence; covariance: number }[]
}

type SameDaySend = readonly SendSegment[]

/** Of more texts that shared days the inverse would take long. */
const mostTogether = 250

/**
 * The inverse of the network of variations and days, see `network.ts`, for all texts that shared days with one
 * another, whatever their offers: the well-known ones show how good the days of the others were. If there are
 * too many, each offer is treated separately, which makes no text look more certain than it is.
 */
export function spreadsOf(sends: readonly SameDaySend[]): Spread[] {
  const rows = together(sends).flatMap(({ texts, sends: own }) => inverseOf(texts, hubsOf(own)))
  const offers = Map.groupBy(rows, ({ of }) => of.offer_id)
  return rows.map(({ of, row, places }): Spread => {
    const covarianceOf = (other: TextEvidence): number => at(row, lookUp(places, other, -1))
    return {
      of,
      variance: covarianceOf(of),
      others: lookUp(offers, of.offer_id, []).flatMap(({ of: other }) =>
        other === of ? [] : [{ of: other, covariance: Math.max(0, covarianceOf(other)) }],
      ),
    }
  })
}

/** Of a text, its covariances with all others, by their places. */
type Row = { of: TextEvidence; row: Float64Array; places: ReadonlyMap<TextEvidence, number> }

function inverseOf(texts: readonly TextEvidence[], hubs: readonly Hub<TextEvidence>[]): Row[] {
  const places = new Map(texts.map((text, place) => [text, place]))
  const size = texts.length
  const matrix = new Float64Array(size ** 2)
  for (const { ground, ties } of hubs) {
    const strength = ties.reduce((sum, tie) => sum + tie.strength, ground)
    const own = ties.map(({ to, strength: pull }) => ({ pull, place: lookUp(places, to, 0) }))
    for (const one of own)
      for (const other of own) {
        const cell = one.place * size + other.place
        matrix[cell] = numberAt(matrix, cell) + one.pull * (Number(one === other) - other.pull / strength)
      }
  }
  const rows = texts.map((of, place) => ({
    of,
    places,
    row: matrix.subarray(place * size, (place + 1) * size),
  }))
  invert(rows.map(({ row }) => row))
  return rows
}

type DayGroup = { texts: TextEvidence[]; sends: SameDaySend[] }

/** Texts that shared days, directly or by others, with their sends. */
function together(sends: readonly SameDaySend[]): DayGroup[] {
  const groups = new Map<TextEvidence, DayGroup>()
  for (const segments of sends) {
    const met = new Set(segments.flatMap(({ of }) => groups.get(of) ?? []))
    const [group = { texts: [], sends: [] }, ...others] = met
    for (const other of others) {
      for (const text of other.texts) groups.set(text, group)
      group.texts = [...group.texts, ...other.texts]
      group.sends = [...group.sends, ...other.sends]
    }
    for (const { of } of segments) {
      if (!groups.has(of)) group.texts.push(of)
      groups.set(of, group)
    }
    group.sends.push(segments)
  }
  return [...new Set(groups.values())].flatMap((group) =>
    group.texts.length > mostTogether ? byOffer(group) : [group],
  )
}

/** The same of each offer, as if the others had not been in its sends. */
function byOffer({ texts, sends }: DayGroup): DayGroup[] {
  return [...Map.groupBy(texts, ({ offer_id }) => offer_id)].map(([offer, own]) => ({
    texts: own,
    sends: sends.map((segments) => segments.filter(({ of }) => of.offer_id === offer)),
  }))
}
