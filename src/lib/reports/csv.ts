/** What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection), in full width as well. */
const formula = '[=+\\-@＝＋－＠]'
/** What another program may take for the end of a cell, with a formula after it. */
const innerBegin = new RegExp(`([;,|"\\t\\r\\n])(?=\\s*${formula})`, 'g')
const begin = new RegExp(`^(?=[\\t\\r]|\\s*${formula})`)

/** Words and dates, which cannot be taken for the end of a cell. */
const plain = /^[\p{L}\p{N}_][\p{L}\p{N}_ .:+-]*$/u

/**
 * Texts are quoted, and an apostrophe precedes whatever looks like a formula wherever a spreadsheet may begin a cell:
 * one that separates cells by semicolons begins some in the middle of ours. Numbers stay numbers.
 */
const cell = (value: string | number | null | undefined): string => {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  if (plain.test(value)) return value
  return `"${value.replace(innerBegin, "$1'").replace(begin, "'").replaceAll('"', '""')}"`
}

/**
 * A table as RFC 4180 describes it, with a byte order mark, without which spreadsheets misread everything but ASCII.
 */
export function csv<Row>(
  rows: readonly Row[],
  columns: readonly (readonly [name: string, pick: (row: Row) => string | number | null | undefined])[],
): string {
  const lines = [
    columns.map(([name]) => name),
    ...rows.map((row) => columns.map(([, pick]) => cell(pick(row)))),
  ]
  return `\uFEFF${lines.map((line) => line.join(',')).join('\r\n')}\r\n`
}
