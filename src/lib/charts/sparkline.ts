import { max, mean } from 'd3-array'
import { line } from 'd3-shape'

/** A sparkline's own units. */
export const sparkSize = { width: 100, height: 24 }
const mostPoints = 30

/**
 * The path of values, oldest first, from 0 to their largest; at most thirty points, each the mean of as many values as
 * it stands for. It breaks where there is no value; one value between two gaps is a short dash.
 */
export function drawSparkline(values: readonly (number | null)[]): string {
  const size = Math.max(1, Math.ceil(values.length / mostPoints))
  const points = Array.from({ length: Math.ceil(values.length / size) }, (_, index) =>
    mean(values.slice(index * size, (index + 1) * size), (value) => value),
  )
  const top = max(points, (value) => value) || 1
  const step = sparkSize.width / points.length
  const path = line<number | undefined>()
    .defined((value) => value !== undefined)
    .x((_, index) => (index + 0.5) * step)
    .y((value) => sparkSize.height - 1 - (Number(value) / top) * (sparkSize.height - 2))
    .digits(0)(points)
  return (path ?? '').replaceAll('Z', 'h3')
}
