import { decodeLines } from './read-lines.ts'
import { countRecords, encodeRecord } from './record.ts'

/** Lines as they are now, of which those before `end` are for one statement, with how many events these have. */
export type Cut = { lines: Buffer; end: number; count: number }

const newline = 0x0a

/**
 * Finds as many lines as have `most` events or fewer, but one at the least. A first line that has more is written again
 * as one line an event; what of it is no event goes to `unreadable`.
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
