import { fail, messageOf, ok, type Result } from '../base/result.ts'
import type { DatabaseFault } from '../database/sql.ts'
import { cutLines } from './pieces.ts'
import { decodeLines } from './read-lines.ts'
import type { Reject } from './rejects.ts'

/** Records the events of journal lines exactly once and returns those that the database rejects. */
export type RecordLines = (
  lines: Buffer,
  /** Whether an earlier run left them, so that newer ones may already be recorded. */
  left: boolean,
) => Promise<Result<{ event_id: string; reason: string }[], DatabaseFault>>

/**
 * What happened to an event: it is in the database, it was rejected, its id was used before for another one, its send
 * was reported for another newsletter, its conversion for another click, or the database refuses it for another reason.
 */
export type Settled = 'committed' | 'rejected' | 'refused' | 'reused' | 'other_newsletter' | 'other_click'

/** The progress of a batch: another try continues from here. */
export type Progress = {
  /** Lines that wait, with how many events they have. */
  lines: Buffer
  waiting: number
  /** How many it had when it was read. */
  count: number
  rejects: Reject[]
  /** Whether an earlier run has left the batch. */
  left: boolean
  /** What is not an event. */
  unreadable: Buffer[]
}

/** In milliseconds: a statement with twice as many events then stays well within its deadline. */
const quick = 2_000
/** How often a single event with a conflicting key is tried, since another writer may have been faster. */
const triesForKey = 6
/** What contradicts an earlier event: the caller can correct it. */
const contradictions = new Map<string, Settled>([
  ['event_id_reused', 'reused'],
  ['newsletter_differs', 'other_newsletter'],
  ['conversion_differs', 'other_click'],
])

/**
 * Records what is left of a batch, in order. What the database refuses, or does not finish in time, is halved, down to
 * single events; statements grow again as they succeed. A single event that is refused becomes a reject. If the
 * database is unavailable, too slow for even one event, or blocked by other writers, the rest waits for another try,
 * and nothing becomes a reject however often that happens. `onPiece` gets the lines that are done, and the outcome of
 * those of their events that are not in the database; it returns the ones that a caller was waiting for. A caller who
 * learns that an event contradicts an earlier one corrects it and sends it again.
 */
export function createBatchRecorder(options: {
  record: RecordLines
  now: () => number
  stopping: () => boolean
  onPiece: (lines: Buffer, outcomes: ReadonlyMap<string, Settled>) => ReadonlySet<string>
}): (progress: Progress) => Promise<Result<void, DatabaseFault>> {
  const { record, now, stopping, onPiece } = options
  /** The most events in one statement, given what the database has managed so far. */
  let most = Number.POSITIVE_INFINITY

  const nextOf = (progress: Progress) => {
    const { lines, waiting, unreadable } = progress
    const cut =
      waiting <= most ? { lines, end: lines.length, count: waiting } : cutLines(lines, most, unreadable)
    progress.lines = cut.lines
    return { ...cut, piece: cut.lines.subarray(0, cut.end) }
  }

  const rejectSingle = (progress: Progress, piece: Buffer, reason: string) => {
    const { events, damaged } = decodeLines(piece)
    progress.unreadable.push(...damaged)
    progress.rejects.push(...events.map((event) => ({ rejected_at: now(), reason, event })))
    return new Map(events.map(({ event_id }) => [event_id, 'refused' as const]))
  }

  return async (progress) => {
    let tries = 1
    while (progress.lines.length > 0) {
      if (stopping()) return fail({ code: 'unavailable', message: 'the rest is left to the next start' })
      const { piece, end, count } = nextOf(progress)
      const started = performance.now()
      const recorded = await record(piece, progress.left).catch(refusal)
      let outcomes: ReadonlyMap<string, Settled>
      let found: Reject[] = []
      if (recorded.ok) {
        if (end < progress.lines.length && performance.now() - started < quick) most *= 2
        found = rejectsOf(piece, recorded.value, now())
        outcomes = new Map(
          recorded.value.map(({ event_id, reason }) => [event_id, contradictions.get(reason) ?? 'rejected']),
        )
      } else {
        const { code, key, message } = recorded.fault
        const refused = code === 'refused' || key === true
        if (refused ? count > 1 : code === 'timeout') most = Math.max(1, Math.floor(count / 2))
        if (!refused) return recorded
        if (count > 1) continue
        if (key && tries < triesForKey) {
          tries += 1
          continue
        }
        outcomes = rejectSingle(progress, piece, message)
      }
      tries = 1
      progress.lines = progress.lines.subarray(end)
      progress.waiting -= count
      const informed = onPiece(piece, outcomes)
      progress.rejects.push(
        ...found.filter(({ reason, event }) => !contradictions.has(reason) || !informed.has(event.event_id)),
      )
    }
    return ok(undefined)
  }
}

/** An exception about an event is a bug of this program, and would be thrown again: it must not hold up the others. */
const refusal = (error: unknown): Result<never, DatabaseFault> =>
  fail({ code: 'refused', message: messageOf(error) })

function rejectsOf(lines: Buffer, rejections: { event_id: string; reason: string }[], now: number): Reject[] {
  if (rejections.length === 0) return []
  const reasons = new Map(rejections.map(({ event_id, reason }) => [event_id, reason]))
  return decodeLines(lines).events.flatMap((event) => {
    const reason = reasons.get(event.event_id)
    return reason === undefined ? [] : [{ rejected_at: now, reason, event }]
  })
}
