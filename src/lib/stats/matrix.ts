import { at } from './at.ts'

/** Makes a positive definite matrix its inverse, by Gauss and Jordan. */
export function invert(rows: readonly Float64Array[]): void {
  for (const [place, pivot] of rows.entries()) {
    const scale = 1 / at(pivot, place)
    pivot[place] = 1
    for (let column = 0; column < pivot.length; column += 1) pivot[column] = at(pivot, column) * scale
    for (const row of rows) {
      const factor = row === pivot ? 0 : at(row, place)
      if (factor === 0) continue
      row[place] = 0
      for (let column = 0; column < row.length; column += 1)
        row[column] = at(row, column) - factor * at(pivot, column)
    }
  }
}
