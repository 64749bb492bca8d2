import { randomBytes } from 'node:crypto'

/** Makes a UUIDv7 for an event at a time in milliseconds since 1970. */
export type NewEventId = (at: number) => string

/** An id needs ten random bytes, as hexadecimal digits. */
const digitsPerId = 20
const idsPerFill = 512

/**
 * Random digits are fetched for many ids at once, as text, and the beginning of an id is reused within the same
 * millisecond. The usual libraries write each id byte by byte, which takes as long as judging a click.
 */
export function createEventIds(): NewEventId {
  let digits = ''
  let used = 0
  let last = { at: Number.NaN, beginning: '' }
  return (at) => {
    if (used === digits.length) {
      digits = randomBytes((digitsPerId * idsPerFill) / 2).toString('hex')
      used = 0
    }
    if (at !== last.at) last = { at, beginning: beginningOf(at) }
    const from = used
    used += digitsPerId
    return last.beginning + endOf(digits, from)
  }
}

/** A UUIDv7 of a time in milliseconds since 1970 and ten random bytes. */
export const eventIdFrom = (at: number, random: Uint8Array): string =>
  beginningOf(at) + endOf(Buffer.from(random).toString('hex'), 0)

/** RFC 9562, section 5.7: 48 bits of time and the version. */
function beginningOf(at: number): string {
  const time = at.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7`
}

/** Random bits, with the two variant bits in place. */
function endOf(random: string, from: number): string {
  const variant = variants[Number.parseInt(random.charAt(from + 3), 16) & 3]
  const [rest, last] = [random.slice(from + 4, from + 7), random.slice(from + 8, from + 20)]
  return `${random.slice(from, from + 3)}-${variant}${rest}-${last}`
}

const variants = ['8', '9', 'a', 'b']
