import { crc32 } from 'node:zlib'
import type { TrackingEvent } from '../model/event.ts'

/**
 * Events that are written together as one journal line: an object with their checksum, then the events, as JSON with a
 * comma after each. The checksum is the CRC-32 of their array in eight hexadecimal digits, and reveals a torn or
 * damaged line. JSON keeps the file readable for people, and with brackets around them lines are what the database
 * gets.
 */
export const encodeRecord = (events: readonly TrackingEvent[]): string => lineOf(JSON.stringify(events))

/** The line of a non-empty JSON array. */
export const lineOf = (json: string): string =>
  `{"crc":"${hexadecimal(crc32(json))}"},${json.slice(1, -1)},\n`

/** A checksum as lines have it. */
export const hexadecimal = (sum: number): string => sum.toString(16).padStart(8, '0')

/** The kinds of events, in the order in which they are recorded. */
export const eventKinds = [
  'click',
  'surplus',
  'impression',
  'conversion',
] as const satisfies readonly TrackingEvent['kind'][]

/** Lines as one JSON array. After the last comma comes an object that is no event, since it has no kind. */
export const jsonArrayOf = (lines: Buffer): string => `[${lines.toString()}{}]`

/** Quotes in what visitors send are escaped, so it cannot look like this. */
export const holdsEvent = (lines: Buffer, eventId: string): boolean =>
  lines.includes(`"event_id":"${eventId}"`)

export const holdsKind = (lines: Buffer, kind: TrackingEvent['kind']): boolean =>
  lines.includes(`"kind":"${kind}"`)

/** How many events a journal file has. A line without a recognisable event counts as one. */
export const countRecords = (text: string): number =>
  text
    .split('\n')
    .filter(Boolean)
    .reduce((sum, line) => sum + Math.max(1, line.split('"kind":"').length - 1), 0)
