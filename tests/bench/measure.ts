/** The middle of several rounds: one slow round on a shared machine changes nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** Rows of a table for a terminal, numbers to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n')
}

/** A measured value, with its standard error where it has one, and the bar that it has to meet. */
export type BarLine = { name: string; value: number; error?: number; least?: number; most?: number }

/** Prints whether a bar of the design is met; returns the exit code. */
export function judge(bars: readonly BarLine[]): number {
  let missed = 0
  for (const { name, value, error, least, most } of bars) {
    const holds = (least === undefined || value >= least) && (most === undefined || value <= most)
    if (!holds) missed += 1
    const bar = least === undefined ? `at most ${most}` : `at least ${least}`
    const exact = error === undefined ? '' : ` ± ${error.toFixed(2)}`
    console.log(`${holds ? 'holds ' : 'MISSED'}  ${name}: ${value.toFixed(2)}${exact} (bar: ${bar})`)
  }
  return missed === 0 ? 0 : 1
}
