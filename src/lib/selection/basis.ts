import { at } from '../stats/at.ts'
import type { Basis, Decision } from '../store/decisions.ts'
import type { Arm, Hold } from './arm.ts'
import type { Question } from './choose.ts'

const reasons: readonly (Hold | null)[] = [null, 'offer_gap', 'offer_share', 'variation_gap']

/**
 * Arms as they are stored with a decision, one per line. Among thousands, most were never sent: an offer is `offer
 * weight ranges`, with the variations that nothing is known about. Each of the others is `offer variation weight
 * recipients clicks k n held`, followed by `k n` for each level if clicks have a value.
 */
export function packArms(arms: readonly Arm[]): Pick<Basis, 'offers' | 'arms'> {
  const unknown = new Map<number, { weight: number; ids: number[] }>()
  const known: string[] = []
  for (const { offer_id, variation_id, weight, recipients, human_clicks, k, n, held, earned = [] } of arms) {
    if (weight === 0 || recipients > 0 || human_clicks > 0 || n > 0 || held !== null || earned.length > 0) {
      const reason = reasons.indexOf(held)
      const brought = earned.map((level) => ` ${level.k} ${level.n}`).join('')
      known.push(
        `${offer_id} ${variation_id} ${weight} ${recipients} ${human_clicks} ${k} ${n} ${reason}${brought}`,
      )
      continue
    }
    const offer = unknown.get(offer_id)
    if (offer) offer.ids.push(variation_id)
    else unknown.set(offer_id, { weight, ids: [variation_id] })
  }
  const offers = [...unknown].map(([id, { weight, ids }]) => `${id} ${weight} ${rangesOf(ids)}`)
  return { offers: offers.join('\n'), arms: known.join('\n') }
}

/** Ascending numbers as `1-20,25`. */
function rangesOf(ids: readonly number[]): string {
  const ranges: { from: number; to: number }[] = []
  for (const id of ids) {
    const last = ranges.at(-1)
    if (last && id === last.to + 1) last.to = id
    else ranges.push({ from: id, to: id })
  }
  return ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(',')
}

const linesOf = (packed: string): string[] => (packed === '' ? [] : packed.split('\n'))

const idsOf = (ranges: string): number[] =>
  ranges.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, index) => from + index)
  })

/**
 * The question that a stored decision answered. Draws go through offers and variations by id, then through those that
 * could not be chosen.
 */
export function questionOf(strategy: Decision['strategy'], seed: number, basis: Basis): Question {
  const known = linesOf(basis.arms).map((packed): Arm => {
    const [
      offer_id = 0,
      variation_id = 0,
      weight = 0,
      recipients = 0,
      human_clicks = 0,
      k = 0,
      n = 0,
      reason = 0,
      ...brought
    ] = packed.split(' ').map(Number)
    const earned = Array.from({ length: brought.length / 2 }, (_, level) => ({
      k: at(brought, 2 * level),
      n: at(brought, 2 * level + 1),
    }))
    return {
      offer_id,
      variation_id,
      weight,
      recipients,
      human_clicks,
      k,
      n,
      held: reasons[reason] ?? null,
      ...(earned.length > 0 && { earned }),
    }
  })
  const nothing = { recipients: 0, human_clicks: 0, k: 0, n: 0, held: null }
  const unknown = linesOf(basis.offers).flatMap((packed) => {
    const [offer, weight, ranges = ''] = packed.split(' ')
    return idsOf(ranges).map(
      (variation_id): Arm => ({ ...nothing, offer_id: Number(offer), variation_id, weight: Number(weight) }),
    )
  })
  const choosable = [...known.filter(({ weight }) => weight > 0), ...unknown].toSorted(
    (one, other) => one.offer_id - other.offer_id || one.variation_id - other.variation_id,
  )
  const arms = [...choosable, ...known.filter(({ weight }) => weight === 0)]
  return { arms, strategy, seed, taken: basis.taken, floor: basis.floor, worth: basis.worth ?? undefined }
}
