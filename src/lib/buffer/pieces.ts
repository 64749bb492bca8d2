import { decodeLines } from './read-lines.ts'
import { countRecords, encodeRecord } from './record.ts'

/** The current lines; those before `end` are for one statement, and have `events` events. */
export type Cut = { lines: Buffer; end: number; count: number }

const newline = 0x0a

/**
 * Finds as many lines as have `most` events or fewer, but at least one. A first line with more events is split into one
 * line per event; what is not an event goes to `unreadable`.
 */
export function cutLines(lines: Buffer, most: number, unreadable: Buffer[]): Cut {
  let end = 0
  let count = 0
  while (end < lines.length) {
    const next = lines.indexOf(newline, end) + 1
    const more = countRecords(lines.toString('utf8', end, next))
    if (count + more > most) break
    end = next
    count += more
  }
  if (end > 0 || lines.length === 0) return { lines, end, count }
  const first = lines.indexOf(newline) + 1
  const { events, damaged } = decodeLines(lines.subarray(0, first))
  unreadable.push(...damaged)
  const singles = events.map((event) => Buffer.from(encodeRecord([event])))
  return cutLines(Buffer.concat([...singles, lines.subarray(first)]), most, unreadable)
}
