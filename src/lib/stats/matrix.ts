import { numberAt } from './at.ts'

/** Makes a positive definite matrix its inverse, by sweeping its lower half (Goodnight 1979). */
export function invert(rows: readonly Float64Array[]): void {
  const column = new Float64Array(rows.length)
  for (const [place, pivot] of rows.entries()) {
    const scale = 1 / numberAt(pivot, place)
    for (const [other, row] of rows.entries())
      column[other] = other < place ? numberAt(pivot, other) : numberAt(row, place)
    for (const [other, row] of rows.entries()) {
      const factor = numberAt(column, other) * scale
      if (factor === 0) continue
      for (let to = 0; to <= other; to += 1) row[to] = numberAt(row, to) - factor * numberAt(column, to)
      if (other > place) row[place] = factor
    }
    for (let to = 0; to < place; to += 1) pivot[to] = numberAt(column, to) * scale
    pivot[place] = -scale
  }
  for (const [place, row] of rows.entries())
    for (const [to, other] of rows.entries()) {
      if (to > place) continue
      row[to] = -numberAt(row, to)
      other[place] = numberAt(row, to)
    }
}
