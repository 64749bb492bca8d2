import { crc32 } from 'node:zlib'
import * as v from 'valibot'
import { requestSigns } from '../classify/verdict.ts'
import type { TrackingEvent } from '../tracking/event.ts'

/**
 * One event as one line of the journal: the CRC-32 of the rest in eight hexadecimal digits, a space, JSON.
 * The sum tells a torn or damaged line from a whole one; JSON keeps the file readable to a person.
 */
export function encodeRecord(event: TrackingEvent): string {
  const json = JSON.stringify(event)
  return `${checksum(json)} ${json}\n`
}

/** The events of a journal file, and how many of its lines could not be read. Never throws. */
export function decodeRecords(text: string): { events: TrackingEvent[]; damaged: number } {
  const events: TrackingEvent[] = []
  let damaged = 0
  for (const line of text.split('\n')) {
    if (line === '') continue
    const event = decodeLine(line)
    if (event) events.push(event)
    else damaged += 1
  }
  return { events, damaged }
}

function decodeLine(line: string): TrackingEvent | undefined {
  const json = line.slice(9)
  if (line[8] !== ' ' || checksum(json) !== line.slice(0, 8)) return undefined
  try {
    const parsed = v.safeParse(eventSchema, JSON.parse(json))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}

const checksum = (json: string): string => crc32(json).toString(16).padStart(8, '0')

const id = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2_147_483_647))
const text = v.nullable(v.string())
const occurrence = {
  event_id: v.pipe(v.string(), v.uuid()),
  caller_key: v.boolean(),
  at: v.pipe(v.number(), v.integer()),
  offer_id: id,
  variation_id: id,
}

/** An event as it comes back from a file. */
export const eventSchema = v.variant('kind', [
  v.object({
    kind: v.literal('click'),
    ...occurrence,
    referrer: text,
    user_agent: text,
    ip_hash: text,
    verdict: v.picklist(['human', 'machine', 'duplicate']),
    reason: v.string(),
    // Segments of earlier versions do not have it.
    sign: v.optional(v.nullable(v.picklist(requestSigns)), null),
    rules_version: v.number(),
    device: text,
    browser: text,
    os: text,
  }),
  v.object({
    kind: v.literal('impression'),
    ...occurrence,
    newsletter_send_id: text,
    recipients: v.pipe(v.number(), v.integer(), v.minValue(1)),
  }),
])
