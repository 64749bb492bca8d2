import { area, line } from 'd3-shape'
import {
  clicksIn,
  count,
  type Period,
  percent,
  percentBetween,
  percentTick,
  periodName,
  shortCount,
} from '../wording/formats.ts'
import { dateTicks } from './dates.ts'
import { short, type Tick, ticksTo, topOf, topOfRates, unit } from './scale.ts'
import type { TimelinePoint } from './timeline.ts'

/** Where the rate's panel ends and that of the clicks begins, in per cent of the height. */
export const panels = { rate: 62, clicks: 80 }

/** A share of the chart's width, so that a single day does not become a wall. */
const widestBar = 0.06

export type OverTime = {
  /** Paths: the n-th period is at n across, the height is `units`. */
  line: string
  /** From the last finished period to the one that is not over; empty if the line has no such end. */
  unfinished: string
  band: string
  bars: string
  /** Of a period's width. */
  barWidth: number
  /** Points between two gaps, which have no line, with the ends of their intervals; in per cent of width and height. */
  lone: { x: number; y: number; reach?: [from: number, to: number] }[]
  dates: Tick[]
  /** From the top, in per cent of the whole height. */
  rates: Tick[]
  clicks: Tick[]
  /** The latest rate of a finished period. */
  last?: { x: number; y: number; text: string }
  /** The marks of each period; all are equally wide. */
  columns: string[]
  rows: string[][]
}

/**
 * The rate as a line that breaks where there is none, its interval as a band, and clicks as bars below. The rate of an
 * `unfinished` last period is drawn apart from the line, since it would look like a fall.
 */
export function drawOverTime(
  points: readonly TimelinePoint[],
  period: Period,
  unfinished: boolean,
): OverTime {
  const rateTop = topOfRates(points)
  const clicksTop = topOf(
    points.map(({ clicks }) => clicks),
    2,
  )
  const across = (index: number) => ((index + 0.5) / points.length) * 100
  const rateAt = (rate: number) => (1 - Math.min(rate / rateTop, 1)) * panels.rate
  const clicksAt = (clicks: number) => 100 - (clicks / clicksTop) * (100 - panels.clicks)
  const spots = points.map((point, index) => ({ ...point, x: across(index) }))
  const known = (point: TimelinePoint | undefined) => typeof point?.value === 'number'
  const finished = unfinished ? spots.slice(0, -1) : spots
  const pathOf = (shown: readonly (typeof spots)[number][], from: number) =>
    line<(typeof spots)[number]>()
      .defined(known)
      .x((_, index) => from + index)
      .y(({ value }) => unit(rateAt(Number(value))))
      .digits(0)(shown) ?? ''
  const end = spots.slice(-2)
  const rateWords = (value: number | null, index: number) =>
    percent(value) + (index === finished.length ? ' so far' : '')
  const places = finished.flatMap(({ value, x, date }) =>
    value === null
      ? []
      : [
          {
            x: short(x),
            y: short(rateAt(value)),
            text: `${period === 'week' ? 'from ' : ''}${periodName(date, period, 'short')}: ${percent(value)}`,
          },
        ],
  )
  const last = places.at(-1)
  return {
    line: pathOf(finished, 0),
    unfinished: unfinished && end.length === 2 && end.every(known) ? pathOf(end, spots.length - 2) : '',
    band:
      area<(typeof spots)[number]>()
        .defined(({ low, high }) => low !== null && high !== null)
        .x((_, index) => index)
        .y0(({ low }) => unit(rateAt(Number(low))))
        .y1(({ high }) => unit(rateAt(Number(high))))
        .digits(0)(spots) ?? '',
    // A bar is a thick vertical line; one above zero is always visible.
    bars: spots
      .map(({ clicks }, index) =>
        clicks > 0 ? `M${index} 1e3V${Math.min(unit(clicksAt(clicks)), 996)}` : '',
      )
      .join(''),
    barWidth: Math.min(0.7, Math.round(widestBar * points.length * 100) / 100),
    lone: spots.flatMap(({ value, low, high, x }, index) =>
      value !== null && !known(points[index - 1]) && !known(points[index + 1])
        ? [
            {
              x: short(x),
              y: short(rateAt(value)),
              ...(low !== null && high !== null && { reach: [short(rateAt(low)), short(rateAt(high))] }),
            },
          ]
        : [],
    ),
    dates: dateTicks(points.map(({ date }) => date)),
    rates: ticksTo(rateTop, percentTick).map(({ at, text }) => ({
      at: short(((100 - at) * panels.rate) / 100),
      text,
    })),
    clicks: [
      { at: 100, text: '0' },
      { at: panels.clicks, text: shortCount(clicksTop) },
    ],
    ...(last && { last }),
    columns: points.map(
      ({ date, value, clicks }, index) =>
        `${periodName(date, period, 'short')}: ` +
        `${value === null ? 'nothing sent' : rateWords(value, index)}, ${clicksIn(clicks)}`,
    ),
    rows: points.map(({ date, value, low, high, impressions, clicks }, index) => [
      periodName(date, period),
      rateWords(value, index),
      percentBetween(low, high),
      count(impressions),
      count(clicks),
    ]),
  }
}
