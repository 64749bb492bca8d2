import { pairs, sum } from 'd3-array'
import { clicksIn, count } from '../wording/formats.ts'

export type Cell = { weekday: number; hour: number; clicks: number }

/**
 * Clicks from `from` to `to` share a colour; `path` holds their squares, one unit each, weekdays down, hours
 * across.
 */
export type Level = { level: number; text: string; path: string }

export type Heat = {
  levels: Level[]
  /** The square with the most clicks; the first of them. */
  busiest?: { x: number; y: number; text: string }
  /** Clicks by weekday, Monday first, then by hour. */
  rows: number[][]
}

export const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const steps = 5

/**
 * Clicks by weekday and hour in five colours and one for none. The steps grow with the square of the level, so that a
 * single busy hour does not make all others look alike; the legend explains them.
 */
export function drawHeatmap(cells: readonly Cell[]): Heat {
  const rows = weekdays.map((_, y) =>
    Array.from({ length: 24 }, (_, x) =>
      sum(cells, ({ weekday, hour, clicks }) => (weekday === y + 1 && hour === x ? clicks : 0)),
    ),
  )
  const places = rows.flatMap((row, y) => row.map((clicks, x) => ({ x, y, clicks })))
  const most = Math.max(...rows.flat())
  const ends = Array.from({ length: steps }, (_, step) => Math.ceil((most * (step + 1) ** 2) / steps ** 2))
  const levels = pairs([-1, 0, ...ends]).flatMap(([below, to], level) => {
    if (below === to) return []
    const path = places
      .map(({ x, y, clicks }) => (clicks > below && clicks <= to ? `M${x} ${y}h1v1h-1z` : ''))
      .join('')
    return [{ level, text: to - below === 1 ? count(to) : `${count(below + 1)}–${count(to)}`, path }]
  })
  const first = places.find(({ clicks }) => clicks === most && most > 0)
  return {
    levels,
    rows,
    ...(first && {
      busiest: {
        x: first.x,
        y: first.y,
        text: `Busiest: ${weekdays[first.y]} ${hourName(first.x)}, ${clicksIn(most)}`,
      },
    }),
  }
}

/** `09:00`. */
export const hourName = (hour: number): string => `${String(hour).padStart(2, '0')}:00`
