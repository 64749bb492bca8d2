/** The solution of a linear system by Gauss's elimination with pivots: as slow and plain as it can be. */
export function eliminate(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, place) => [...row, right[place] ?? 0])
  const size = rows.length
  const cell = (row: number, column: number) => rows[row]?.[column] ?? 0
  for (let pivot = 0; pivot < size; pivot += 1) {
    let largest = pivot
    for (let row = pivot; row < size; row += 1)
      if (Math.abs(cell(row, pivot)) > Math.abs(cell(largest, pivot))) largest = row
    const [upper = [], lower = []] = [rows[pivot], rows[largest]]
    rows[largest] = upper
    rows[pivot] = lower
    for (let row = 0; row < size; row += 1) {
      if (row === pivot) continue
      const factor = cell(row, pivot) / cell(pivot, pivot)
      rows[row] = (rows[row] ?? []).map((value, column) => value - factor * cell(pivot, column))
    }
  }
  return rows.map((_, row) => cell(row, size) / cell(row, row))
}

/** The inverse of a symmetric matrix. */
export const inverseOf = (matrix: readonly (readonly number[])[]): number[][] =>
  matrix.map((_, one) =>
    eliminate(
      matrix,
      matrix.map((__, other) => Number(one === other)),
    ),
  )

export const dot = (one: readonly number[], other: readonly number[]): number =>
  one.reduce((sum, value, place) => sum + value * (other[place] ?? 0), 0)

/** Weighted sums of the products of columns: what least squares start from. */
export const crossed = (columns: readonly (readonly number[])[], weights: readonly number[]): number[][] =>
  columns.map((one) =>
    columns.map((other) =>
      dot(
        one.map((value, row) => value * (weights[row] ?? 0)),
        other,
      ),
    ),
  )

/** The logarithm of a positive definite matrix's determinant, by its minors. */
export function logDeterminant(matrix: readonly (readonly number[])[]): number {
  const [first] = matrix
  if (!first) return 0
  // The first entry of the inverse is the determinant of the rest divided by that of all.
  const [[corner = 1] = []] = inverseOf(matrix)
  return logDeterminant(matrix.slice(1).map((row) => row.slice(1))) - Math.log(corner)
}
