import type { OfferRow } from '../model/report.ts'
import { between, factor, factorTick, percent, percentBetween, percentTick } from '../wording/formats.ts'
import { shortNames } from '../wording/words.ts'
import { short, type Tick, ticksTo, topOfRates } from './scale.ts'

export type Rate = {
  name: string
  value: number | null
  low: number | null
  high: number | null
  detail?: string
  /** Ranked after those that are in use, whatever its rate. */
  outOfUse?: boolean
}
export type Lift = { name: string; lift: number; low: number; high: number; detail?: string }

/** A row of a chart; positions are per cent of its width. */
export type Mark = {
  name: string
  detail: string
  text: string
  interval: string
  at?: number
  /** The ends of the interval, cut at the ends of the axis. */
  reach?: [from: number, to: number]
  /** The ends of the axis that the interval extends beyond. */
  cut: number[]
  meaning: 'more' | 'less' | 'open' | 'none'
}

export type Rows = { marks: Mark[]; ticks: Tick[] }

/** A caption that also explains the arrows where intervals are cut, if there are any. */
export const captionOf = (caption: string, marks: readonly Mark[]): string =>
  marks.some(({ cut }) => cut.length > 0) ? `${caption} An arrow: the range goes on.` : caption

/** Offers as a chart of their rates shows them: equal ones in one order, whatever the period that is shown. */
export function offerRates(offers: readonly OfferRow[]): Rate[] {
  const nameOf = shortNames(offers)
  const inOrder = offers.toSorted((one, other) => one.offer_id - other.offer_id)
  return inOrder.map(({ statistics, active, ...offer }) => {
    const why = !active ? ' (not active)' : statistics?.sends === 0 ? ' (no text in use)' : ''
    return {
      name: `${nameOf(offer)}${why}`,
      value: statistics?.smoothed_ctr ?? null,
      low: statistics?.interval[0] ?? null,
      high: statistics?.interval[1] ?? null,
      outOfUse: why !== '',
    }
  })
}

/** Rates in per cent with their intervals: if ranked, the highest first, those without a rate last. */
export function drawRates(rates: readonly Rate[], ranked = true): Rows {
  const top = topOfRates(rates)
  const at = (rate: number) => short(Math.min(Math.max(rate / top, 0), 1) * 100)
  const sorted = ranked
    ? rates.toSorted(
        (one, other) =>
          Number(one.outOfUse ?? false) - Number(other.outOfUse ?? false) ||
          (other.value ?? -1) - (one.value ?? -1),
      )
    : rates
  return {
    ticks: ticksTo(top, percentTick, 4),
    marks: sorted.map(({ name, value, low, high, detail = '' }) => ({
      name,
      detail,
      text: percent(value),
      interval: percentBetween(low, high),
      ...(value !== null && { at: at(value) }),
      ...(low !== null && high !== null && { reach: [at(low), at(high)] }),
      cut: high !== null && high > top ? [100] : [],
      meaning: value === null ? 'none' : 'more',
    })),
  }
}

/** The most different ones of a long list, certain differences before possible ones, in the given order. */
export function mostDifferent(lifts: readonly Lift[], most: number): Lift[] {
  const isOpen = ({ low, high }: Lift) => Number(low <= 1 && high >= 1)
  const far = ({ lift }: Lift) => Math.abs(Math.log(lift))
  const shown = new Set(lifts.toSorted((a, b) => isOpen(a) - isOpen(b) || far(b) - far(a)).slice(0, most))
  return lifts.filter((one) => shown.has(one))
}

/** The axis ends at the first of these that contains all intervals, or at the last one. */
const bounds = [1.25, 1.5, 2, 3, 4, 6, 8]

/**
 * Factors around 1, on a logarithmic axis on which twice as good is as far from the middle as half as good. The axis
 * holds the intervals of `among`, so that adjacent charts can share it, up to eight times as good or bad.
 */
export function drawLifts(lifts: readonly Lift[], among: readonly Lift[] = lifts): Rows {
  const far = Math.max(1, ...among.flatMap(({ low, lift, high }) => [lift, high, 1 / low, 1 / lift]))
  const bound = bounds.find((one) => one >= far) ?? 8
  const at = (value: number) => {
    const place = value > 0 ? Math.log(value) / Math.log(bound) : -1
    return short((Math.min(Math.max(place, -1), 1) + 1) * 50)
  }
  return {
    ticks: [1 / bound, 1, bound].map((value) => ({ at: at(value), text: factorTick(value) })),
    marks: lifts
      .toSorted((one, other) => other.lift - one.lift)
      .map(({ name, lift, low, high, detail = '' }) => ({
        name,
        detail,
        text: factor(lift),
        interval: between(low, high),
        at: at(lift),
        reach: [at(low), at(high)],
        cut: [...(low < 1 / bound ? [0] : []), ...(high > bound ? [100] : [])],
        meaning: low > 1 ? 'more' : high < 1 ? 'less' : 'open',
      })),
  }
}
