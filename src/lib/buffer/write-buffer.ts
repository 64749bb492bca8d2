import { setImmediate as turn } from 'node:timers/promises'
import { fail, type Result } from '../base/result.ts'
import type { TrackingEvent } from '../model/event.ts'
import { type Acceptance, addTo, type Group, newGroup } from './arrivals.ts'
import { type Batch, countOf, type WriteBuffer } from './batch.ts'
import { createLines, type Lines } from './lines.ts'
import { encodeRecord } from './record.ts'
import type { Journal, JournalFault } from './segments.ts'

/** The contents of the newest segment. */
const newCollection = (lines: Lines) => ({ lines, count: 0, unchecked: 0, since: 0 })

export type WriteBufferOptions = {
  journal: Journal
  sync: 'write' | 'fsync'
  /** The most events in memory; those being written when a disk begins to fail come on top. */
  maxEvents: number
  onArrival: () => void
  onFault: (fault: JournalFault, lost: number) => void
  /** Called with the number of events that were written again. */
  onRestored: (events: number) => void
}

/** Creating a file costs as much as a thousand events in it; one statement records them all. */
const segmentEvents = 4_000
/** After this many turns of the event loop without another event, the wait for more ends; a sync is worth more. */
const quietTurns = { write: 2, fsync: 8 }
/** The longest that a hanging disk delays an answer, in milliseconds. */
const answerDeadline = 1_000

const hanging: JournalFault = { code: 'hangs', message: `nothing written within ${answerDeadline} ms` }

export function createWriteBuffer(options: WriteBufferOptions): WriteBuffer {
  const { journal, sync, maxEvents, onArrival, onFault, onRestored } = options
  let arriving = newGroup()
  let collecting = newCollection(createLines())
  let waiting: Batch[] = []
  let aside: Batch[] = []
  let inMemory = 0
  /** The batch that the flusher works on, whose lines must stay. */
  let current: Batch | undefined
  let spare: Lines | undefined
  let restoring = false
  let writing = false
  let lastWritten = 0
  /** Whether the write under way has taken longer than an answer may wait. */
  let overdue = false

  /** Events that arrive while a write is under way share the next one. */
  const writeArrivals = async (): Promise<void> => {
    if (writing) return
    writing = true
    while (arriving.events.length > 0) {
      if (!overdue) await gather()
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
   * A write costs about the same for one event as for many, since another thread has to be woken for it, and a sync
   * all the more. Either waits for as many as the last one had, which in a rush arrive again at once, or until none has
   * arrived for a moment.
   */
  const gather = async (): Promise<void> => {
    let come = 0
    const enough = quietTurns[sync]
    for (let quiet = 0; quiet < enough && arriving.events.length < lastWritten; quiet += 1) {
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

  /** Keeps events in memory and returns the lines to be written. */
  const collect = (events: readonly TrackingEvent[]): Uint8Array => {
    const [first] = events
    if (first && collecting.count === 0) collecting.since = first.at
    collecting.count += events.length
    for (const event of events)
      if (event.kind === 'click' && event.offer_id === null) collecting.unchecked += 1
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
    const file = journal.seal()
    if (!file) return
    const batch: Batch = { file, ...collecting }
    waiting.push(batch)
    collecting = newCollection(spare ?? createLines())
    spare = undefined
    if (journal.held === 0 && inMemory > batch.count) void leaveToDisk(batch)
  }

  /** Memory forgets only what was found in a file. */
  const leaveToDisk = async (batch: Batch): Promise<void> => {
    const found = await journal.find(batch.file)
    if (found !== 'whole' || !batch.lines || batch === current || !waiting.includes(batch)) return
    spare = batch.lines
    spare.clear()
    batch.lines = undefined
    inMemory -= batch.count
  }

  const held = (): Pick<Batch, 'file' | 'lines' | 'count'>[] => {
    const file = journal.newest
    return [...aside, ...waiting, ...(file ? [{ file, ...collecting }] : [])].filter(({ lines }) => lines)
  }

  return {
    accept(event) {
      if (arriving.events.length === 0) setImmediate(writeArrivals)
      addTo(arriving, event)
      return arriving.accepted
    },

    next() {
      if (waiting.length === 0) endSegment()
      current = waiting[0]
      return current
    },

    remove(batch, retire, keepAt) {
      waiting = waiting.filter((other) => other !== batch)
      if (batch.lines) inMemory -= batch.count
      if (retire) journal.retire(batch.file, keepAt)
    },

    setAside(batch) {
      waiting = waiting.filter((other) => other !== batch)
      aside.push(batch)
    },

    recall() {
      waiting.unshift(...aside)
      aside = []
    },

    async restore() {
      if (restoring) return
      restoring = true
      for (const { file } of held()) {
        if ((await journal.find(file)) !== 'vanished') continue
        const still = held().find((one) => one.file === file)
        if (!still?.lines) continue
        const { count } = still
        const written = await journal.writeAgain(file, still.lines.bytes)
        if (written.ok) onRestored(count)
        else onFault(written.fault, 0)
      }
      restoring = false
    },

    adopt(batches) {
      const own = waiting.findIndex(({ left }) => !left)
      waiting.splice(own === -1 ? waiting.length : own, 0, ...batches)
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
      return [...aside, ...waiting, collecting].find(({ count }) => count > 0)?.since
    },
    get fault() {
      return currentFault()
    },
  }
}
