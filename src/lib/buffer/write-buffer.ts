import { setImmediate as turn } from 'node:timers/promises'
import { fail, type Result } from '../result.ts'
import type { TrackingEvent } from '../tracking/event.ts'
import { type Acceptance, type Group, newGroup } from './arrivals.ts'
import type { Journal, JournalFault, SegmentFile } from './journal.ts'
import { createLines, type Lines } from './lines.ts'
import { encodeRecord } from './record.ts'

/**
 * Where events wait between the answer and the database.
 *
 *   arriving    accepted in this turn of the event loop, or while a write is under way
 *   collecting  in the newest segment, or on their way into it, and in memory
 *   waiting     in ended segments, oldest first; behind one that is in memory, on disk only (`lines` is then undefined)
 *
 * A segment is also the batch that the flusher records, so retiring it needs no bookkeeping inside a file. In memory
 * events are the lines that went to the journal, and the database is given the same lines. In a rush one store of
 * lines is used for one segment after the other: more memory would bring the garbage collector along, and its pauses.
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

/** What the newest segment holds. */
const newCollection = (lines: Lines) => ({ lines, count: 0, unchecked: 0, since: 0 })

export type WriteBuffer = {
  /**
   * Resolves as soon as the event is as safe as it can be, within a second whatever the disk does; never rejects and never
   * waits for the database.
   */
  accept(event: TrackingEvent): Promise<Acceptance>
  /** The oldest batch, ending the newest segment if there is no other. It stays `next` until `remove`d. */
  next(): Batch | undefined
  /** Forgets a batch. `retire: false` leaves its file for the next start. */
  remove(batch: Batch, retire: boolean): void
  /** Passes over a batch that cannot be read now, until `recall`. */
  setAside(batch: Batch): void
  /** Puts what was set aside before everything else, for another try. */
  recall(): void
  /** Puts what an earlier instance left before everything else. */
  adopt(batches: Batch[]): void
  /** Events that wait for the database. */
  readonly depth: number
  /** Those of them that are unchecked clicks. */
  readonly unchecked: number
  /** Those of them that `next` comes to, which are all that are not set aside. */
  readonly ready: number
  /** Those of them that are in the newest segment. */
  readonly collected: number
  /** When the oldest of them happened, in milliseconds since 1970. */
  readonly oldest: number | undefined
  /** Why the newest events are not on disk; `undefined` while they are. */
  readonly fault: JournalFault | undefined
}

export type WriteBufferOptions = {
  journal: Journal
  sync: 'write' | 'fsync'
  /** Events in memory at the most; those that are being written when a disk begins to fail are kept all the same. */
  maxEvents: number
  onArrival: () => void
  onFault: (fault: JournalFault, lost: number) => void
}

/** A new file costs as much as a thousand events in it; one statement records them all. */
const segmentEvents = 4_000
/** Turns of the event loop without another event that end the wait for more. */
const quietTurns = 8
/** A disk that hangs delays an answer by this much at the most, in milliseconds. */
const answerDeadline = 1_000

const hanging: JournalFault = { code: 'hangs', message: `nothing written within ${answerDeadline} ms` }

export function createWriteBuffer(options: WriteBufferOptions): WriteBuffer {
  const { journal, sync, maxEvents, onArrival, onFault } = options
  let arriving = newGroup()
  let collecting = newCollection(createLines())
  let waiting: Batch[] = []
  let aside: Batch[] = []
  let inMemory = 0
  let writing = false
  let lastWritten = 0
  /** Whether the write under way has taken longer than an answer may wait. */
  let overdue = false

  /** Events that arrive while a write is under way share the next one. */
  const writeArrivals = async (): Promise<void> => {
    if (writing) return
    writing = true
    while (arriving.events.length > 0) {
      if (sync === 'fsync' && !overdue) await gather()
      const { events, resolve } = takeGroup()
      lastWritten = events.length
      resolve(await write(events))
      if (collecting.count >= Math.min(segmentEvents, maxEvents)) endSegment()
    }
    writing = false
  }

  const takeGroup = (): Group => {
    const group = arriving
    arriving = newGroup()
    return group
  }

  /**
   * A sync costs about the same for one event as for many. It waits for as many as the last one has answered, who in a
   * rush come again at once, or until nobody has come for a moment.
   */
  const gather = async (): Promise<void> => {
    let come = 0
    for (let quiet = 0; quiet < quietTurns && arriving.events.length < lastWritten; quiet += 1) {
      if (arriving.events.length > come) quiet = 0
      come = arriving.events.length
      await turn()
    }
  }

  const write = async (events: readonly TrackingEvent[]): Promise<Acceptance> => {
    const known = currentFault()
    if (known && inMemory + events.length > maxEvents) {
      journal.retry()
      onFault(known, events.length)
      return 'lost'
    }
    const appended = journal.append(collect(events))
    const written = overdue ? fail(hanging) : await inTime(appended)
    if (!written.ok) onFault(written.fault, 0)
    return written.ok ? 'journaled' : 'in_memory'
  }

  /** Keeps events in memory and answers the lines to be written. */
  const collect = (events: readonly TrackingEvent[]): Uint8Array => {
    const [first] = events
    if (first && collecting.count === 0) collecting.since = first.at
    collecting.count += events.length
    for (const { offer_id } of events) if (offer_id === null) collecting.unchecked += 1
    inMemory += events.length
    onArrival()
    return collecting.lines.add(encodeRecord(events))
  }

  const inTime = (appended: Promise<Result<void, JournalFault>>): Promise<Result<void, JournalFault>> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => {
        overdue = true
        resolve(fail(hanging))
      }, answerDeadline)
      void appended.then((result) => {
        clearTimeout(timer)
        overdue = false
        resolve(result)
      })
    })

  const currentFault = (): JournalFault | undefined => (overdue ? hanging : journal.fault)

  const endSegment = (): void => {
    const file = collecting.count > 0 && journal.seal()
    if (!file) return
    const { lines, ...held } = collecting
    if (journal.held === 0 && inMemory > held.count) {
      waiting.push({ file, lines: undefined, ...held })
      inMemory -= held.count
      lines.clear()
      collecting = newCollection(lines)
    } else {
      waiting.push({ file, lines, ...held })
      collecting = newCollection(createLines())
    }
  }

  return {
    accept(event) {
      arriving.events.push(event)
      if (arriving.events.length === 1) setImmediate(writeArrivals)
      return arriving.accepted
    },

    next() {
      if (waiting.length === 0) endSegment()
      return waiting[0]
    },

    remove(batch, retire) {
      waiting = waiting.filter((other) => other !== batch)
      if (batch.lines) inMemory -= batch.count
      if (retire) journal.retire(batch.file)
    },

    setAside(batch) {
      waiting = waiting.filter((other) => other !== batch)
      aside.push(batch)
    },

    recall() {
      waiting.unshift(...aside)
      aside = []
    },

    adopt(batches) {
      waiting.unshift(...batches)
    },

    get depth() {
      return countOf([...aside, ...waiting]) + collecting.count
    },
    get unchecked() {
      return [...aside, ...waiting, collecting].reduce((sum, { unchecked }) => sum + unchecked, 0)
    },
    get ready() {
      return countOf(waiting) + collecting.count
    },
    get collected() {
      return collecting.count
    },
    get oldest() {
      return aside[0]?.since ?? waiting[0]?.since ?? (collecting.count > 0 ? collecting.since : undefined)
    },
    get fault() {
      return currentFault()
    },
  }
}

const countOf = (batches: readonly Batch[]): number => batches.reduce((sum, { count }) => sum + count, 0)
