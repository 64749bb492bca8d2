import { setImmediate as turn } from 'node:timers/promises'
import type { TrackingEvent } from '../tracking/event.ts'
import { type Acceptance, type Group, newGroup } from './arrivals.ts'
import type { Journal, JournalFault, SegmentFile } from './journal.ts'
import { createLines, type Lines } from './lines.ts'
import { encodeRecord } from './record.ts'

/**
 * Where events wait between the answer and the database.
 *
 *   arriving    accepted in this turn of the event loop, or while a sync is under way; not yet written
 *   collecting  in the newest segment, and in memory
 *   waiting     in ended segments, oldest first; behind one that is in memory, on disk only (`lines` is then undefined)
 *
 * A segment is also the batch that the flusher records, so retiring it needs no bookkeeping inside a file. In memory
 * events are the lines that went to the journal, and the database is given the same lines. In a rush one store of
 * lines is used for one segment after the other: more memory would bring the garbage collector along, and its pauses.
 */
export type Batch = (
  | {
      /** `undefined` where the journal could not take the events. */ file: SegmentFile | undefined
      lines: Lines
    }
  | { file: SegmentFile; lines: undefined }
) & {
  count: number
  /** How many of them are unchecked clicks. */
  unchecked: number
  /** When its oldest event happened, in milliseconds since 1970. */
  since: number
}

/** What the newest segment holds, and whether all of it is on disk. */
const newCollection = (lines: Lines) => ({ lines, count: 0, unchecked: 0, since: 0, onDisk: true })

export type WriteBuffer = {
  /** Resolves as soon as the event is as safe as it can be; never rejects and never waits for the database. */
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
  /** Events in memory at the most. */
  maxEvents: number
  onArrival: () => void
  onFault: (fault: JournalFault, lost: number) => void
}

/** A new file costs as much as a thousand events in it; one statement records them all. */
const segmentEvents = 4_000
/** Turns of the event loop without another event that end the wait for more. */
const quietTurns = 8
/** A disk that hangs delays an answer by this much at the most, in milliseconds. */
const syncDeadline = 1_000

export function createWriteBuffer(options: WriteBufferOptions): WriteBuffer {
  const { journal, sync, maxEvents, onArrival, onFault } = options
  let arriving = newGroup()
  let collecting = newCollection(createLines())
  let waiting: Batch[] = []
  let aside: Batch[] = []
  let inMemory = 0
  let syncing = false
  let lastSynced = 0
  /** Whether the sync under way has taken longer than an answer may wait. */
  let overdue = false
  let fault: JournalFault | undefined

  const takeArrivals = (): void => {
    if (sync === 'write' || overdue) answerArrivals()
    else if (!syncing) void syncArrivals()
  }

  const answerArrivals = (): void => {
    const { events, resolve } = takeGroup()
    resolve(write(events))
  }

  const takeGroup = (): Group => {
    const group = arriving
    arriving = newGroup()
    return group
  }

  /**
   * Events that arrive while a sync is under way share the next one. They are not written before, because the system
   * lets a write to a file wait for its sync, and the event loop with it.
   */
  const syncArrivals = async (): Promise<void> => {
    syncing = true
    while (arriving.events.length > 0) {
      await gather()
      const group = takeGroup()
      lastSynced = group.events.length
      const acceptance = write(group.events)
      if (acceptance === 'journaled') await syncOf(group)
      group.resolve(acceptance)
    }
    syncing = false
  }

  /**
   * A sync costs about the same for one event as for many. It waits for as many as the last one has answered, who in a
   * rush come again at once, or until nobody has come for a moment.
   */
  const gather = async (): Promise<void> => {
    let come = 0
    for (let quiet = 0; quiet < quietTurns && arriving.events.length < lastSynced; quiet += 1) {
      if (arriving.events.length > come) quiet = 0
      come = arriving.events.length
      await turn()
    }
  }

  const syncOf = async (group: Group): Promise<void> => {
    const timer = setTimeout(() => {
      onFault({ code: 'unwritable', message: `no sync within ${syncDeadline} ms` }, 0)
      overdue = true
      group.resolve('journaled')
      answerArrivals()
    }, syncDeadline)
    const synced = await journal.sync()
    clearTimeout(timer)
    overdue = false
    if (!synced.ok) {
      fault = synced.fault
      onFault(synced.fault, 0)
    }
  }

  const write = (events: readonly TrackingEvent[]): Acceptance => {
    const [first] = events
    if (!first) return 'journaled'
    const lines = collecting.lines.add(encodeRecord(events))
    const appended = journal.append(lines)
    fault = appended.ok ? undefined : appended.fault
    const fits = inMemory + events.length <= maxEvents
    if (!appended.ok) onFault(appended.fault, fits ? 0 : events.length)
    if (!appended.ok && !fits) {
      collecting.lines.drop(lines)
      return 'lost'
    }
    if (collecting.count === 0) collecting.since = first.at
    collecting.count += events.length
    for (const { offer_id } of events) if (offer_id === null) collecting.unchecked += 1
    inMemory += events.length
    if (!appended.ok) collecting.onDisk = false
    if (collecting.count >= Math.min(segmentEvents, maxEvents)) endSegment()
    onArrival()
    return appended.ok ? 'journaled' : 'in_memory'
  }

  const endSegment = (): void => {
    if (collecting.count === 0) return
    const file = journal.seal()
    const { lines, onDisk, ...held } = collecting
    if (file && onDisk && inMemory > held.count) {
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
      if (arriving.events.length === 1) setImmediate(takeArrivals)
      return arriving.accepted
    },

    next() {
      if (waiting.length === 0) endSegment()
      return waiting[0]
    },

    remove(batch, retire) {
      waiting = waiting.filter((other) => other !== batch)
      if (batch.lines) inMemory -= batch.count
      if (retire && batch.file) journal.retire(batch.file)
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
      return fault
    },
  }
}

const countOf = (batches: readonly Batch[]): number => batches.reduce((sum, { count }) => sum + count, 0)
