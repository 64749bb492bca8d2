import type { TrackingEvent } from '../tracking/event.ts'
import type { Journal, JournalFault, SegmentFile } from './journal.ts'
import { encodeRecord } from './record.ts'

/**
 * Where events wait between the answer and the database.
 *
 *   arriving    accepted in this turn of the event loop, or while a sync is under way; not yet written
 *   collecting  in the newest segment, and in memory
 *   waiting     in ended segments, oldest first; beyond `maxEvents` only on disk (`events` is then undefined)
 *
 * A segment is also the batch that the flusher records, so retiring it needs no bookkeeping inside a file.
 */
export type Batch = (
  | {
      /** `undefined` where the journal could not take the events. */ file: SegmentFile | undefined
      events: TrackingEvent[]
    }
  | { file: SegmentFile; events: undefined }
) & {
  count: number
  /** When its oldest event happened, in milliseconds since 1970. */
  since: number
}

/** What became of an accepted event: on disk, only in memory, or dropped since there was room in neither. */
export type Acceptance = 'journaled' | 'in_memory' | 'lost'

type Arrival = { event: TrackingEvent; resolve: (acceptance: Acceptance) => void }

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

const segmentEvents = 1_000
/** A disk that hangs delays an answer by this much at the most, in milliseconds. */
const syncDeadline = 1_000

export function createWriteBuffer(options: WriteBufferOptions): WriteBuffer {
  const { journal, sync, maxEvents, onArrival, onFault } = options
  let arriving: Arrival[] = []
  let collecting: TrackingEvent[] = []
  /** Whether the newest segment holds every collected event. */
  let wholeOnDisk = true
  let waiting: Batch[] = []
  let aside: Batch[] = []
  let inMemory = 0
  let syncing = false
  /** Whether the sync under way has taken longer than an answer may wait. */
  let overdue = false
  let fault: JournalFault | undefined

  const takeArrivals = (): void => {
    if (sync === 'write' || overdue) answerArrivals()
    else if (!syncing) void syncArrivals()
  }

  const answerArrivals = (): void => {
    const group = arriving
    arriving = []
    resolveAll(group, write(group))
  }

  /**
   * Events that arrive while a sync is under way share the next one. They are not written before, because the system
   * lets a write to a file wait for its sync, and the event loop with it.
   */
  const syncArrivals = async (): Promise<void> => {
    syncing = true
    while (arriving.length > 0) {
      const group = arriving
      arriving = []
      const acceptance = write(group)
      if (acceptance === 'journaled') await syncOf(group)
      resolveAll(group, acceptance)
    }
    syncing = false
  }

  const syncOf = async (group: Arrival[]): Promise<void> => {
    const timer = setTimeout(() => {
      onFault({ code: 'unwritable', message: `no sync within ${syncDeadline} ms` }, 0)
      overdue = true
      resolveAll(group, 'journaled')
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

  const write = (group: readonly Arrival[]): Acceptance => {
    if (group.length === 0) return 'journaled'
    const appended = journal.append(group.map(({ event }) => encodeRecord(event)).join(''))
    fault = appended.ok ? undefined : appended.fault
    const fits = inMemory + group.length <= maxEvents
    if (!appended.ok) onFault(appended.fault, fits ? 0 : group.length)
    if (!appended.ok && !fits) return 'lost'
    for (const { event } of group) collecting.push(event)
    inMemory += group.length
    if (!appended.ok) wholeOnDisk = false
    if (collecting.length >= segmentEvents) endSegment()
    onArrival()
    return appended.ok ? 'journaled' : 'in_memory'
  }

  const endSegment = (): void => {
    const first = collecting[0]
    if (!first) return
    const file = journal.seal()
    const size = { count: collecting.length, since: first.at }
    if (file && wholeOnDisk && inMemory > maxEvents / 2) {
      waiting.push({ file, events: undefined, ...size })
      inMemory -= size.count
    } else {
      waiting.push({ file, events: collecting, ...size })
    }
    collecting = []
    wholeOnDisk = true
  }

  return {
    accept(event) {
      return new Promise((resolve) => {
        arriving.push({ event, resolve })
        if (arriving.length === 1) setImmediate(takeArrivals)
      })
    },

    next() {
      if (waiting.length === 0) endSegment()
      return waiting[0]
    },

    remove(batch, retire) {
      waiting = waiting.filter((other) => other !== batch)
      if (batch.events) inMemory -= batch.events.length
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
      return countOf([...aside, ...waiting]) + collecting.length
    },
    get ready() {
      return countOf(waiting) + collecting.length
    },
    get collected() {
      return collecting.length
    },
    get oldest() {
      return aside[0]?.since ?? waiting[0]?.since ?? collecting[0]?.at
    },
    get fault() {
      return fault
    },
  }
}

const countOf = (batches: readonly Batch[]): number => batches.reduce((sum, { count }) => sum + count, 0)

function resolveAll(group: readonly Arrival[], acceptance: Acceptance): void {
  for (const { resolve } of group) resolve(acceptance)
}
