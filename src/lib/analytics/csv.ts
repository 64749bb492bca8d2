/** A cell that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV injection). */
const cell = (value: string | number | null | undefined): string => {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A table as RFC 4180 has it, with a byte order mark, without which spreadsheets misread anything but ASCII. */
export function csv<Row>(
  rows: readonly Row[],
  columns: readonly (readonly [name: string, pick: (row: Row) => string | number | null | undefined])[],
): string {
  const lines = [
    columns.map(([name]) => cell(name)),
    ...rows.map((row) => columns.map(([, pick]) => cell(pick(row)))),
  ]
  return `\uFEFF${lines.map((line) => line.join(',')).join('\r\n')}\r\n`
}
