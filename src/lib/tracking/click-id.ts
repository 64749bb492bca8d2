/** Forty bits at a time are ten hexadecimal digits or eight of base 32, and a number that JavaScript has exactly. */
const hexadecimals = 10
const digits = 8
/** The rest of a UUID are eight bits. */
const pattern = /^[0-9a-v]{24}[0-7][0-9a-v]$/i

/**
 * The id of a click's event in 26 lower case letters and digits (base32hex, RFC 4648, without padding): what networks take
 * as it is, whatever they do to case. It says when the click was, but not whose.
 */
export function clickIdOf(eventId: string): string {
  const hexadecimal = eventId.replaceAll('-', '')
  let id = ''
  for (let at = 0; at < 30; at += hexadecimals) id += recoded(hexadecimal, at, hexadecimals, 16, 32, digits)
  return id + recoded(hexadecimal, 30, 2, 16, 32, 2)
}

/** The event that a click id names; `undefined` of a text that is none. Case does not matter. */
export function eventOfClickId(text: string): string | undefined {
  if (!pattern.test(text)) return undefined
  let hexadecimal = ''
  for (let at = 0; at < 24; at += digits) hexadecimal += recoded(text, at, digits, 32, 16, hexadecimals)
  hexadecimal += recoded(text, 24, 2, 32, 16, 2)
  return hexadecimal.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

const recoded = (
  text: string,
  at: number,
  length: number,
  from: number,
  to: number,
  padded: number,
): string =>
  Number.parseInt(text.slice(at, at + length), from)
    .toString(to)
    .padStart(padded, '0')

/** When an event was, by its id (UUIDv7), in milliseconds since 1970. */
export const timeOfEvent = (eventId: string): number =>
  Number.parseInt(eventId.slice(0, 8) + eventId.slice(9, 13), 16)
