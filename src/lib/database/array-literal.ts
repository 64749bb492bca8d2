/**
 * PostgreSQL's text form of an array: the driver's own serialiser takes several times as long, and would block
 * redirects while it works on a batch of a thousand events.
 */
export function arrayLiteral<Row>(rows: readonly Row[], pick: (row: Row) => string | number | null): string {
  let literal = '{'
  for (const row of rows) {
    const value = pick(row)
    if (literal.length > 1) literal += ','
    if (value === null) literal += 'NULL'
    else if (typeof value === 'number') literal += value
    else literal += quoted(value)
  }
  return `${literal}}`
}

const quoted = (text: string): string => `"${/["\\]/.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`
