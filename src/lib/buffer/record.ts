import { crc32 } from 'node:zlib'
import type { TrackingEvent } from '../model/event.ts'

/**
 * Events that are written together as one line of the journal: an object that holds their sum, then they, as JSON with
 * a comma after each. The sum is the CRC-32 of their array in eight hexadecimal digits and tells a torn or damaged line
 * from a whole one. JSON keeps the file readable to a person, and lines need only brackets around them to be what the
 * database is given.
 */
export const encodeRecord = (events: readonly TrackingEvent[]): string => lineOf(JSON.stringify(events))

/** The line of a JSON array that is not empty. */
export const lineOf = (json: string): string =>
  `{"crc":"${hexadecimal(crc32(json))}"},${json.slice(1, -1)},\n`

/** A sum as lines have it. */
export const hexadecimal = (sum: number): string => sum.toString(16).padStart(8, '0')

/** The kinds that lines may have, in the order in which they are recorded. */
export const eventKinds = [
  'click',
  'surplus',
  'impression',
  'conversion',
] as const satisfies readonly TrackingEvent['kind'][]

/** Lines as one JSON array. After the last comma comes an object that is no event, since it has no kind. */
export const jsonArrayOf = (lines: Buffer): string => `[${lines.toString()}{}]`

/** What visitors send stands in a line with its quotes escaped, so that it cannot look like this. */
export const holdsEvent = (lines: Buffer, eventId: string): boolean =>
  lines.includes(`"event_id":"${eventId}"`)

export const holdsKind = (lines: Buffer, kind: TrackingEvent['kind']): boolean =>
  lines.includes(`"kind":"${kind}"`)

/** How many events a journal file has. A line in which none can be made out counts as one. */
export const countRecords = (text: string): number =>
  text
    .split('\n')
    .filter(Boolean)
    .reduce((sum, line) => sum + Math.max(1, line.split('"kind":"').length - 1), 0)
