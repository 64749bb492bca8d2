import type { Report } from '../model/report.ts'
import { momentsIn, some } from './words.ts'

type NoteFor = { tz: string; minutes: number; newsletter?: string | undefined }

/**
 * Up to which clicks the figures of a section are, where there are newer ones that others of the page count already:
 * `minutes` is how long it takes until all do. Nothing where all are of the same moment.
 */
export function freshnessNote(
  { all_settled, settled_until }: Pick<Report, 'all_settled' | 'settled_until'>,
  { tz, minutes }: NoteFor,
): string | undefined {
  if (all_settled) return undefined
  const later = `about ${some(minutes, 'minute')} after it came`
  return settled_until === null
    ? `No click is counted here yet: each follows ${later}.`
    : `Clicks up to ${momentsIn(tz)(settled_until)} (${tz}); each newer one follows ${later}.`
}

/** The same of the figures of a period, most of which count every click at once. */
export function periodFreshness(
  report: Parameters<typeof freshnessNote>[0],
  asked: NoteFor,
): string | undefined {
  const note = freshnessNote(report, asked)
  if (note === undefined) return undefined
  if (asked.newsletter) return note
  return asked.newsletter === ''
    ? 'The newest clicks count here until it is known to which newsletter they belong.'
    : 'Click rate and clicks count every click at once. Different visitors: ' +
        `${note.charAt(0).toLowerCase()}${note.slice(1)}`
}
