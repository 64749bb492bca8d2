import { placesIn } from '../base/json.ts'

/**
 * The lines, counted from 1, at which the values of a JSON text begin, by their paths as `0.networks.3`; the whole has
 * the path "". The text must be JSON. Keys with a dot make paths ambiguous.
 */
export function linesOfJson(json: string): Map<string, number> {
  const lines = new Map<string, number>()
  let line = 1
  let counted = 0
  for (const { steps, index } of placesIn(json)) {
    line += json.slice(counted, index).split('\n').length - 1
    counted = index
    lines.set(steps().join('.'), line)
  }
  return lines
}
