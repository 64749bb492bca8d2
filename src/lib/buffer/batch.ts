import type { TrackingEvent } from '../model/event.ts'
import type { Acceptance } from './arrivals.ts'
import type { Lines } from './lines.ts'
import type { JournalFault, SegmentFile } from './segments.ts'

/**
 * Where events wait between the answer and the database:
 *
 * - arriving: accepted in this turn of the event loop, or while a write is under way;
 * - collecting: in the newest segment, or on their way into it, and in memory;
 * - waiting: in ended segments, oldest first; after one that is in memory, on disk only (`lines` is then undefined).
 *
 * A segment is also the batch that the flusher records, so retiring it needs no bookkeeping inside a file. Events in
 * memory are the lines that were written to the journal, and the database gets the same lines. In a rush, one line
 * store is reused for segment after segment: more memory would cause garbage collection and its pauses.
 */
export type Batch = {
  file: SegmentFile
  lines: Lines | undefined
  count: number
  /** How many of them are unchecked clicks. */
  unchecked: number
  /** When its oldest event happened, in milliseconds since 1970. */
  since: number
  /** Whether an earlier run has left it. */
  left?: true
}

export type WriteBuffer = {
  /**
   * Resolves as soon as the event is as safe as possible, within a second whatever the disk does; never rejects and
   * never waits for the database.
   */
  accept(event: TrackingEvent): Promise<Acceptance>
  /** The oldest batch, ending the newest segment if there is no other. It stays `next` until `remove`d. */
  next(): Batch | undefined
  /** Forgets a batch. `retire: false` leaves its file for the next start; `keepAt` is as in `Journal`. */
  remove(batch: Batch, retire: boolean, keepAt?: string): void
  /** Skips a batch that cannot be read now, until `recall`. */
  setAside(batch: Batch): void
  /** Puts skipped batches first, for another try. */
  recall(): void
  /** Writes segments whose files have vanished again, as far as memory has them. */
  restore(): Promise<void>
  /** Puts what an earlier instance left first, after what was adopted before. */
  adopt(batches: Batch[]): void
  /** Events that wait for the database. */
  readonly depth: number
  /** Those of them that are unchecked clicks. */
  readonly unchecked: number
  /** Those of them that `next` returns, which are all that were not skipped. */
  readonly ready: number
  /** Those of them that are in the newest segment. */
  readonly collected: number
  /** When the oldest of them happened, in milliseconds since 1970. */
  readonly oldest: number | undefined
  /** Why the newest events are not on disk; `undefined` if they are. */
  readonly fault: JournalFault | undefined
}

export const countOf = (batches: readonly Batch[]): number =>
  batches.reduce((sum, { count }) => sum + count, 0)
