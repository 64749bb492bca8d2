import { crc32 } from 'node:zlib'
import * as v from 'valibot'
import { requestSigns } from '../classify/verdict.ts'
import type { TrackingEvent } from '../tracking/event.ts'

/**
 * Events that are written together as one line of the journal: an object that holds their sum, then they, as JSON with
 * a comma after each. The sum is the CRC-32 of their array in eight hexadecimal digits and tells a torn or damaged line
 * from a whole one. JSON keeps the file readable to a person, and lines need only brackets around them to be what the
 * database is given.
 */
export function encodeRecord(events: readonly TrackingEvent[]): string {
  const json = JSON.stringify(events)
  return `{"crc":"${checksum(json)}"},${json.slice(1, -1)},\n`
}

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

/**
 * A journal file as lines that can be given to the database, with how many events they have and how many lines could not
 * be read. A line whose sum holds is as it was written and is taken as it is: thousands may have waited for a database,
 * and to read each would hold up redirects.
 */
export function readLines(text: string): { lines: Buffer; count: number; damaged: number } {
  let damaged = 0
  const read = text.split('\n').map((line) => {
    if (line === '' || (jsonOf(line, lineForm) !== undefined && !strangeKind.test(line))) return line
    const events = decodeLine(line)
    if (!events) damaged += 1
    return events ? encodeRecord(events).trimEnd() : ''
  })
  const whole = read.filter(Boolean).map((line) => `${line}\n`)
  const lines = whole.join('')
  return { lines: Buffer.from(lines), count: countRecords(lines), damaged }
}

/** The events of a journal file, and how many of its lines could not be read. Never throws. */
export function decodeRecords(text: string): { events: TrackingEvent[]; damaged: number } {
  const events: TrackingEvent[] = []
  let damaged = 0
  for (const line of text.split('\n')) {
    if (line === '') continue
    const decoded = decodeLine(line)
    if (decoded) events.push(...decoded)
    else damaged += 1
  }
  return { events, damaged }
}

const lineForm = /^\{"crc":"([0-9a-f]{8})"\},(\{.*\}),$/
/** One event a line, which an upgrade may find. */
const earlierForm = /^([0-9a-f]{8}) (\{.*\})$/
/** No kind of event that this version knows: a later one may have left it. */
const strangeKind = /"kind":"(?!click"|impression")/

/** The JSON of a line of this form; `undefined` where it is of another form, or its sum does not hold. */
function jsonOf(line: string, form: RegExp): string | undefined {
  const [, sum, events] = form.exec(line) ?? []
  if (events === undefined) return undefined
  const json = form === lineForm ? `[${events}]` : events
  return checksum(json) === sum ? json : undefined
}

function decodeLine(line: string): TrackingEvent[] | undefined {
  const json = jsonOf(line, lineForm) ?? `[${jsonOf(line, earlierForm) ?? ''}]`
  try {
    const parsed = v.safeParse(eventsSchema, JSON.parse(json))
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

const eventsSchema = v.pipe(v.array(eventSchema), v.minLength(1))
