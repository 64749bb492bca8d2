/** Forty bits at a time are ten hexadecimal digits or eight of base 32, and an exact JavaScript number. */
const hexadecimals = 10
const digits = 8
/** The remaining eight bits of a UUID. */
const pattern = /^[0-9a-v]{24}[0-7][0-9a-v]$/i
/** The two base 32 digits of each ten-bit number. */
const pairs = Array.from({ length: 1024 }, (_, number) => number.toString(32).padStart(2, '0'))
const dash = 45

/**
 * The id of a click's event in 26 lower case letters and digits (base32hex, RFC 4648, without padding): networks accept
 * it unchanged, whatever they do to case. It reveals when the click was, but not whose. Twenty bits at a time are
 * looked up: converting larger numbers to base 32 would take longer than judging the click.
 */
export function clickIdOf(eventId: string): string {
  let id = ''
  let number = 0
  let read = 0
  for (let at = 0; at < eventId.length; at += 1) {
    const code = eventId.charCodeAt(at)
    if (code === dash) continue
    number = number * 16 + hexDigit(code)
    read += 1
    if (read % 5 > 0) continue
    id = id + pairs[number >> 10] + pairs[number & 1023]
    number = 0
  }
  return id + pairs[number]
}

/** The value of a digit, or of a letter in either case. */
const hexDigit = (code: number): number => (code < 65 ? code - 48 : (code | 32) - 87)

/** The event that a click id names; `undefined` if it is not a click id. Case does not matter. */
export function eventOfClickId(text: string): string | undefined {
  if (!pattern.test(text)) return undefined
  let hexadecimal = ''
  for (let at = 0; at < 24; at += digits) hexadecimal += recoded(text, at, digits, hexadecimals)
  hexadecimal += recoded(text, 24, 2, 2)
  return hexadecimal.replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

const recoded = (text: string, at: number, length: number, padded: number): string =>
  Number.parseInt(text.slice(at, at + length), 32)
    .toString(16)
    .padStart(padded, '0')

/** When an event was, by its id (UUIDv7), in milliseconds since 1970. */
export const timeOfEvent = (eventId: string): number =>
  Number.parseInt(eventId.slice(0, 8) + eventId.slice(9, 13), 16)
