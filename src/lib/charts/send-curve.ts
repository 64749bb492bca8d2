import { sum } from 'd3-array'
import type { Span } from '../model/spans.ts'
import { count, share } from '../wording/formats.ts'
import { short } from './scale.ts'

export type SpanMark = {
  name: string
  /** The label below the axis: when the span ends. */
  end: string
  clicks: string
  text: string
  /** The share of all clicks in this span, and up to its end, in per cent. */
  height: number
  soFar: number
  soFarText: string
  /** Whether there is room for `soFarText` next to the following one. */
  labelled: boolean
}

const time = (hours: number): string => (hours < 24 ? `${hours} h` : `${hours / 24} d`)

/** The share of clicks by time since a send. */
export function drawSendCurve(spans: readonly Span[]): { marks: SpanMark[]; total: number } {
  const total = sum(spans, ({ clicks }) => clicks)
  const part = (clicks: number) => (total > 0 ? short((clicks / total) * 100) : 0)
  return {
    total,
    marks: spans.map(({ hours, clicks }, index) => {
      const next = spans[index + 1]
      const soFar = sum(spans.slice(0, index + 1), (span) => span.clicks)
      return {
        name: next ? `${time(hours)} to ${time(next.hours)}` : `after ${time(hours)}`,
        end: next ? time(next.hours) : 'later',
        clicks: count(clicks),
        text: share(clicks, total),
        height: part(clicks),
        soFar: part(soFar),
        soFarText: share(soFar, total),
        labelled: !next || part(next.clicks) >= 3,
      }
    }),
  }
}
