import { crc32 } from 'node:zlib'
import * as v from 'valibot'
import { eventSchema, type TrackingEvent } from '../model/event.ts'
import { encodeRecord, eventKinds, hexadecimal, lineOf } from './record.ts'

/** A journal file, read as bytes: what is damaged may not be text at all, and is kept unchanged. */
export type ReadLines = {
  /** Lines with valid checksums, as the database gets them. */
  lines: Buffer
  /** The number of their events. */
  count: number
  /** Incomplete or damaged lines, without line breaks. */
  damaged: Buffer[]
}

const newline = 0x0a
const lineBreak = Buffer.from('\n')
/** Quotes in what visitors send are escaped, so this occurs only at the beginning of a line. */
const lineStart = Buffer.from('{"crc":"')
const sumEnd = Buffer.from('"},')
const eventEnd = Buffer.from('},')
const kind = Buffer.from('"kind":"')
const knownKinds = eventKinds.map((name) => Buffer.from(`${name}"`))
const eventsAt = lineStart.length + 8 + sumEnd.length
/** The checksum of an array's first character. */
const sumOfBracket = crc32('[')

/**
 * Reads a journal file. Intact records within a damaged line are read, too: if a line break was damaged, there are two.
 * A line with a valid checksum is used without parsing it: thousands may be waiting for the database, and parsing each
 * would delay redirects.
 */
export function readLines(file: Buffer): ReadLines {
  const lines: Buffer[] = []
  const damaged: Buffer[] = []
  let count = 0
  for (const record of recordsIn(file, damaged)) {
    const kinds = countKinds(record)
    if (kinds !== undefined) {
      lines.push(record, lineBreak)
      count += kinds
      continue
    }
    const events = decodeRecord(record, damaged)
    if (events.length > 0) lines.push(Buffer.from(encodeRecord(events)))
    count += events.length
  }
  return { lines: Buffer.concat(lines), count, damaged }
}

/** The events of a journal file, and the rest: damaged lines, and lines that are not events. Never throws. */
export function decodeLines(file: Buffer): { events: TrackingEvent[]; damaged: Buffer[] } {
  const damaged: Buffer[] = []
  const events = [...recordsIn(file, damaged)].flatMap((record) => decodeRecord(record, damaged))
  return { events, damaged }
}

/** Intact records, each from its checksum to its last comma. The rest goes to `damaged`. */
function* recordsIn(file: Buffer, damaged: Buffer[]): Generator<Buffer> {
  for (let from = 0; from < file.length; ) {
    const end = file.indexOf(newline, from)
    const line = file.subarray(from, end === -1 ? file.length : end)
    from += line.length + 1
    if (line.length === 0) continue
    if (endOfRecord(line, line.length) === line.length) yield line
    else yield* recordsAmongDamage(line, damaged)
  }
}

function* recordsAmongDamage(line: Buffer, damaged: Buffer[]): Generator<Buffer> {
  const starts = startsIn(line)
  const before = line.subarray(0, starts[0])
  const earlier = recordOfEarlierForm(before)
  if (earlier) yield earlier
  else if (before.length > 0) damaged.push(before)
  for (const [index, start] of starts.entries()) {
    const piece = line.subarray(start, starts[index + 1])
    const end = endOfRecord(piece, eventsAt)
    if (end > 0) yield piece.subarray(0, end)
    if (end < piece.length) damaged.push(piece.subarray(end))
  }
}

function startsIn(line: Buffer): number[] {
  const starts: number[] = []
  for (let at = line.indexOf(lineStart); at !== -1; at = line.indexOf(lineStart, at + 1)) starts.push(at)
  return starts
}

/** Where the record at the beginning of a line ends, by its checksum, at `least` bytes or later; 0 if there is none. */
function endOfRecord(line: Buffer, least: number): number {
  if (!line.subarray(0, lineStart.length).equals(lineStart)) return 0
  if (!line.subarray(eventsAt - sumEnd.length, eventsAt).equals(sumEnd)) return 0
  const wanted = line.toString('latin1', lineStart.length, lineStart.length + 8)
  let sum = sumOfBracket
  let summed = eventsAt
  let at = line.indexOf(eventEnd, Math.max(eventsAt, least - eventEnd.length))
  for (; at !== -1; at = line.indexOf(eventEnd, at + 1)) {
    sum = crc32(line.subarray(summed, at + 1), sum)
    summed = at + 1
    if (hexadecimal(crc32(']', sum)) === wanted) return at + eventEnd.length
  }
  return 0
}

const earlierForm = /^([0-9a-f]{8}) (\{[^\n]*\})$/

/** Earlier versions wrote one event per line, which an upgrade may find. */
function recordOfEarlierForm(line: Buffer): Buffer | undefined {
  const [, sum, json] = earlierForm.exec(line.toString()) ?? []
  if (json === undefined || hexadecimal(crc32(json)) !== sum) return undefined
  return Buffer.from(lineOf(`[${json}]`).trimEnd())
}

/** How many events a record has; `undefined` if it has none, or one of a kind that only a later version knows. */
function countKinds(record: Buffer): number | undefined {
  let count = 0
  for (let at = record.indexOf(kind); at !== -1; at = record.indexOf(kind, at + 1)) {
    const from = at + kind.length
    if (!knownKinds.some((name) => record.subarray(from, from + name.length).equals(name))) return undefined
    count += 1
  }
  return count === 0 ? undefined : count
}

const array = v.array(v.unknown())

function decodeRecord(record: Buffer, damaged: Buffer[]): TrackingEvent[] {
  const items = parse(`[${record.subarray(eventsAt, -1)}]`)
  if (!items) damaged.push(record)
  return (items ?? []).flatMap((item) => {
    const event = v.safeParse(eventSchema, item)
    if (!event.success) damaged.push(Buffer.from(lineOf(JSON.stringify([item])).trimEnd()))
    return event.success ? [event.output] : []
  })
}

function parse(json: string): unknown[] | undefined {
  try {
    return v.parse(array, JSON.parse(json))
  } catch {
    return undefined
  }
}
