import { sendPlace } from '../settings/mautic-settings.ts'
import type { NamedEmail } from './email.ts'

const longestName = 500

/**
 * Which e-mail belongs to which send, by a pattern of names: `*` stands for anything. Of several matching sends the
 * longest name wins.
 */
export function matchNames(
  pattern: string,
  emails: readonly NamedEmail[],
  sends: readonly string[],
): { email_id: number; send: string }[] {
  const longestFirst = sends.toSorted((one, other) => other.length - one.length)
  const patterns = new Map<string, RegExp>()
  const patternOf = (send: string): RegExp => {
    const known = patterns.get(send) ?? patternFor(pattern, send)
    patterns.set(send, known)
    return known
  }
  return emails.flatMap(({ id, name }) => {
    const text = name.slice(0, longestName)
    const found = longestFirst.filter((send) => text.includes(send) && patternOf(send).test(text))
    const [send, next] = found
    // Two sends of equal length in one name: ambiguous.
    return send === undefined || next?.length === send.length ? [] : [{ email_id: id, send }]
  })
}

/** A send must match as a whole: `2026-11-2` does not match `2026-11-22`. */
function patternFor(pattern: string, send: string): RegExp {
  const whole = `(?<![\\p{L}\\p{N}])${escapeText(send)}(?![\\p{L}\\p{N}])`
  const parts = pattern.split(sendPlace).map((part) => part.split('*').map(escapeText).join('.*'))
  return new RegExp(`^${parts.join(whole)}$`, 'us')
}

const escapeText = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
